import { PortreeveError, type StateTable, step } from '@portreeve/contract';

/**
 * `open`: nothing untrusted was read, so the intent may still be declared and changed. `tainted`: something untrusted was
 * read; the intent can only be narrowed, or widened by a person. `closed`: nothing more is done.
 */
export const SESSION_STATES = ['open', 'tainted', 'closed'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

export const SESSION_EVENTS = ['declare', 'narrow', 'widen', 'read_trusted', 'read_untrusted', 'act', 'close'] as const;
export type SessionEvent = (typeof SESSION_EVENTS)[number];

export const SESSION_TABLE: StateTable<SessionState, SessionEvent> = {
  open: {
    declare: 'open',
    narrow: 'open',
    widen: 'open',
    read_trusted: 'open',
    read_untrusted: 'tainted',
    act: 'open',
    close: 'closed',
  },
  tainted: {
    // INVARIANT: what has read untrusted text declares nothing any more.
    declare: null,
    narrow: 'tainted',
    widen: 'tainted',
    read_trusted: 'tainted',
    read_untrusted: 'tainted',
    act: 'tainted',
    close: 'closed',
  },
  closed: {
    declare: null,
    narrow: null,
    widen: null,
    read_trusted: null,
    read_untrusted: null,
    act: null,
    close: null,
  },
};

/** The next state; throws `conflict` where the table refuses the event. */
export function nextSessionState(state: SessionState, event: SessionEvent): SessionState {
  const next = step(SESSION_TABLE, state, event);
  if (next !== null) return next;
  throw new PortreeveError('conflict', `A session that is ${state} cannot ${event.replace('_', ' ')}.`, {
    next:
      state === 'tainted'
        ? 'Declare the intent before anything untrusted is read, or ask a person to widen it.'
        : 'Open a new session.',
  });
}
