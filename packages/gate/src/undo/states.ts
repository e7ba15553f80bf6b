import { PortreeveError, type StateTable, step, type UndoState, type UnwindState } from '@portreeve/contract';

/**
 * What can happen to the undo of one effect. `request`: somebody asks, and a proposal is made. `exclude`: it can never be
 * undone (irreversible, too late, no arguments). The rest is how that proposal ended; `decline`: policy or people said no.
 */
export const UNDO_EVENTS = ['request', 'exclude', 'succeed', 'decline', 'fail', 'lose'] as const;
export type UndoEvent = (typeof UNDO_EVENTS)[number];

const no = { request: null, exclude: null, succeed: null, decline: null, fail: null, lose: null } as const;

export const UNDO_TABLE: StateTable<UndoState, UndoEvent> = {
  none: { ...no, request: 'requested', exclude: 'impossible' },
  // INVARIANT: `request` here is no event. Asking twice is asking once.
  requested: { ...no, succeed: 'undone', decline: 'declined', fail: 'failed', lose: 'unknown' },
  declined: { ...no, request: 'requested', exclude: 'impossible' },
  failed: { ...no, request: 'requested', exclude: 'impossible' },
  // Only what a person finds out leads on: a second undo of what may be undone already would be a second effect.
  unknown: { ...no, succeed: 'undone', fail: 'failed' },
  undone: no,
  impossible: no,
};

/** What can happen to the unwinding of a run. `go_on`: one more of its effects was undone, or passed over for good. */
export const UNWIND_EVENTS = ['begin', 'go_on', 'finish', 'stop'] as const;
export type UnwindEvent = (typeof UNWIND_EVENTS)[number];

const never = { begin: null, go_on: null, finish: null, stop: null } as const;

export const UNWIND_TABLE: StateTable<UnwindState, UnwindEvent> = {
  none: { ...never, begin: 'unwinding' },
  unwinding: { ...never, go_on: 'unwinding', finish: 'unwound', stop: 'stopped' },
  // Asked for again, it goes on with what stands; a run that has acted since has something to take back again.
  stopped: { ...never, begin: 'unwinding' },
  unwound: { ...never, begin: 'unwinding' },
};

export function nextUndo(state: UndoState, event: UndoEvent): UndoState {
  const next = step(UNDO_TABLE, state, event);
  if (next === null) throw new PortreeveError('conflict', `An undo that is ${state} cannot ${event}.`);
  return next;
}

export function nextUnwinding(state: UnwindState, event: UnwindEvent): UnwindState {
  const next = step(UNWIND_TABLE, state, event);
  if (next === null) throw new PortreeveError('conflict', `An unwinding that is ${state} cannot ${event}.`);
  return next;
}
