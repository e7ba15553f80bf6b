import { finalStates, RUN_STATES, type RunState } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { nextState, RUN_EVENTS, RUN_TABLE, type RunEvent } from './states.ts';

/** The table once more, as SPEC.md prints it: whoever changes one must change the other. */
const EXPECTED: Record<RunState, Partial<Record<RunEvent, RunState>>> = {
  queued: { start: 'running', hand_off: 'handed_off', fail: 'failed' },
  running: {
    start: 'running',
    wait: 'waiting',
    continue: 'running',
    complete: 'completed',
    stop: 'refused',
    hand_off: 'handed_off',
    fail: 'failed',
  },
  waiting: {
    start: 'waiting',
    wait: 'waiting',
    continue: 'running',
    complete: 'completed',
    stop: 'refused',
    hand_off: 'handed_off',
    fail: 'failed',
  },
  completed: {},
  refused: {},
  handed_off: {},
  failed: {},
};

test.each(
  RUN_STATES.flatMap((state) => RUN_EVENTS.map((event) => [state, event, EXPECTED[state][event] ?? null] as const)),
)('SPEC 1: %s + %s → %s', (state, event, next) => {
  expect(RUN_TABLE[state][event]).toBe(next);
  if (next === null) expect(() => nextState(state, event)).toThrow(expect.objectContaining({ code: 'conflict' }));
  else expect(nextState(state, event)).toBe(next);
});

test('SPEC 1: nothing leads out of an end', () => {
  expect(finalStates(RUN_TABLE).sort()).toEqual(['completed', 'failed', 'handed_off', 'refused']);
});
