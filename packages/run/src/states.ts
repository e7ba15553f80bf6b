import { PortreeveError, type RunState, type StateTable, step } from '@portreeve/contract';

/** What can happen to a run. `stop` ends it because policy or a person refused, `hand_off` because a person must go on. */
export const RUN_EVENTS = ['start', 'wait', 'continue', 'complete', 'stop', 'hand_off', 'fail'] as const;
export type RunEvent = (typeof RUN_EVENTS)[number];

const no = { start: null, wait: null, continue: null, complete: null, stop: null, hand_off: null, fail: null } as const;
const ends = { complete: 'completed', stop: 'refused', hand_off: 'handed_off', fail: 'failed' } as const;

export const RUN_TABLE: StateTable<RunState, RunEvent> = {
  queued: { ...no, start: 'running', hand_off: 'handed_off', fail: 'failed' },
  // `start` and `continue` again: a run that is recovered after a crash begins where it stood.
  running: { ...no, ...ends, start: 'running', continue: 'running', wait: 'waiting' },
  waiting: { ...no, ...ends, start: 'waiting', wait: 'waiting', continue: 'running' },
  completed: no,
  refused: no,
  handed_off: no,
  failed: no,
};

/** The next state. Throws `conflict` where the table refuses the event. */
export function nextState(state: RunState, event: RunEvent): RunState {
  const next = step(RUN_TABLE, state, event);
  if (next === null) throw new PortreeveError('conflict', `A run that is ${state} cannot ${event}.`);
  return next;
}
