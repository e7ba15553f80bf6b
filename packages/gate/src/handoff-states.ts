import { type HandoffState, PortreeveError, type StateTable, step } from '@portreeve/contract';

/** `assign`: somebody has it from now on, who took it or was given it. `escalate`: it goes up, whoever has it. */
export const HANDOFF_EVENTS = ['assign', 'escalate', 'finish'] as const;
export type HandoffEvent = (typeof HANDOFF_EVENTS)[number];

export const HANDOFF_TABLE: StateTable<HandoffState, HandoffEvent> = {
  open: { assign: 'taken', escalate: 'open', finish: 'done' },
  taken: { assign: 'taken', escalate: 'taken', finish: 'done' },
  done: { assign: null, escalate: null, finish: null },
};

/** The next state; throws `conflict` where the table refuses the event. */
export function nextHandoffState(state: HandoffState, event: HandoffEvent): HandoffState {
  const next = step(HANDOFF_TABLE, state, event);
  if (next === null) throw new PortreeveError('conflict', 'The hand-off is finished already.');
  return next;
}
