import { finalStates, step } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { EVENT_OF_OUTCOME, EXECUTION_TABLE, GRANT_TABLE } from './states.ts';

// If you are here because this failed: a second way out of a final state would let one approval act twice.
test('SPEC 1: a grant leaves "issued" once, and no event leads out of where it went', () => {
  expect(finalStates(GRANT_TABLE)).toEqual(['spent', 'expired', 'revoked']);
  expect(GRANT_TABLE.issued).toEqual({ use: 'spent', expire: 'expired', revoke: 'revoked' });
});

test('SPEC 2: an execution ends once, and what is learned of one that is unknown ends it for good', () => {
  expect(finalStates(EXECUTION_TABLE)).toEqual(['succeeded', 'failed']);
  const { succeed, fail, lose, ...learned } = EXECUTION_TABLE.unknown;
  expect([succeed, fail, lose]).toEqual([null, null, null]);
  expect(learned).toEqual({ confirm: 'succeeded', rule_out: 'failed' });
});

test.each(['succeeded', 'failed', 'unknown'] as const)('SPEC 2: the outcome %s is the state it leads to', (state) => {
  expect(step(EXECUTION_TABLE, 'started', EVENT_OF_OUTCOME[state])).toBe(state);
});
