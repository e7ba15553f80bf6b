import { finalStates, PROPOSAL_STATES, type ProposalState } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { nextState, PROPOSAL_EVENTS, PROPOSAL_TABLE, type ProposalEvent } from './states.ts';

/** The table once more, as SPEC.md prints it: whoever changes one must change the other. */
const EXPECTED: Record<ProposalState, Partial<Record<ProposalEvent, ProposalState>>> = {
  proposed: { permit: 'approved', ask: 'awaiting_approval', refuse: 'refused' },
  awaiting_approval: { approve: 'approved', deny: 'denied', refuse: 'refused' },
  approved: { grant: 'granted', refuse: 'refused' },
  granted: { regrant: 'approved', succeed: 'succeeded', fail: 'failed', lose: 'unknown' },
  refused: {},
  denied: {},
  succeeded: {},
  failed: {},
  unknown: {},
};
const CELLS = PROPOSAL_STATES.flatMap((state) =>
  PROPOSAL_EVENTS.map((event) => [state, event, EXPECTED[state][event] ?? null] as const),
);

test.each(CELLS)('SPEC 1: %s + %s → %s', (state, event, next) => {
  expect(PROPOSAL_TABLE[state][event]).toBe(next);
  if (next === null) expect(() => nextState(state, event)).toThrow(expect.objectContaining({ code: 'conflict' }));
  else expect(nextState(state, event)).toBe(next);
});

test('INV8: nothing leads out of an outcome, and only policy and people lead to a grant', () => {
  expect(finalStates(PROPOSAL_TABLE).sort()).toEqual(['denied', 'failed', 'refused', 'succeeded', 'unknown']);
  const into = (target: ProposalState) =>
    CELLS.filter(([, , next]) => next === target).map(([state, event]) => `${state}+${event}`);
  expect(into('granted')).toEqual(['approved+grant']);
  expect(into('approved')).toEqual(['proposed+permit', 'awaiting_approval+approve', 'granted+regrant']);
});
