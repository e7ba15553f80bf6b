import { finalStates, PROPOSAL_STATES, type ProposalState } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { nextState, PROPOSAL_EVENTS, PROPOSAL_TABLE, type ProposalEvent } from './states.ts';

/** The table once more, as SPEC.md prints it: whoever changes one must change the other. */
const EXPECTED: Record<ProposalState, Partial<Record<ProposalEvent, ProposalState>>> = {
  proposed: { permit: 'approved', ask: 'awaiting_approval', refuse: 'refused' },
  awaiting_approval: { approve: 'approved', deny: 'denied', refuse: 'refused', amend: 'amended' },
  approved: { grant: 'granted', refuse: 'refused' },
  granted: { regrant: 'approved', succeed: 'succeeded', fail: 'failed', doubt: 'settling', lose: 'unknown' },
  settling: {
    grant: 'retrying',
    refuse: 'unknown',
    doubt: 'settling',
    lose: 'unknown',
    confirm: 'succeeded',
    rule_out: 'failed',
  },
  retrying: { succeed: 'succeeded', doubt: 'settling', lose: 'unknown' },
  refused: {},
  denied: {},
  amended: {},
  succeeded: {},
  failed: {},
  unknown: { confirm: 'succeeded', rule_out: 'failed' },
};
const CELLS = PROPOSAL_STATES.flatMap((state) =>
  PROPOSAL_EVENTS.map((event) => [state, event, EXPECTED[state][event] ?? null] as const),
);

test.each(CELLS)('SPEC 1: %s + %s → %s', (state, event, next) => {
  expect(PROPOSAL_TABLE[state][event]).toBe(next);
  if (next === null) expect(() => nextState(state, event)).toThrow(expect.objectContaining({ code: 'conflict' }));
  else expect(nextState(state, event)).toBe(next);
});

test('INV8: nothing leads out of a known outcome, only a person leads out of an unknown one, and only policy to a grant', () => {
  expect(finalStates(PROPOSAL_TABLE).sort()).toEqual(['amended', 'denied', 'failed', 'refused', 'succeeded']);
  const into = (target: ProposalState) =>
    CELLS.filter(([, , next]) => next === target).map(([state, event]) => `${state}+${event}`);
  expect(into('granted')).toEqual(['approved+grant']);
  expect(into('retrying')).toEqual(['settling+grant']);
  // A retry that failed is no proof that the call before it did nothing.
  expect(into('failed')).toEqual(['granted+fail', 'settling+rule_out', 'unknown+rule_out']);
  expect(into('approved')).toEqual(['proposed+permit', 'awaiting_approval+approve', 'granted+regrant']);
});
