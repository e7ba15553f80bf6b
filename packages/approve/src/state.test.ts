import { APPROVAL_STATES, finalStates } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { APPROVAL_EVENTS, APPROVAL_TABLE } from './state.ts';

test('F4 (SPEC 1): a pending approval takes each event to its own end, and nothing leaves an end', () => {
  expect(Object.keys(APPROVAL_TABLE).sort()).toEqual([...APPROVAL_STATES].sort());
  for (const events of Object.values(APPROVAL_TABLE))
    expect(Object.keys(events).sort()).toEqual([...APPROVAL_EVENTS].sort());
  expect(APPROVAL_TABLE.pending).toEqual({
    quorum_met: 'approved',
    deny: 'denied',
    expire: 'expired',
    withdraw: 'withdrawn',
    revoke: 'withdrawn',
    amend: 'amended',
  });
  expect(finalStates(APPROVAL_TABLE).sort()).toEqual(['amended', 'approved', 'denied', 'expired', 'withdrawn']);
});
