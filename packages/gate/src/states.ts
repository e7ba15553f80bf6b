import { PortreeveError, type ProposalState, type StateTable, step } from '@portreeve/contract';

/**
 * What can happen to a proposal. `permit`, `ask` and `refuse` come from policy, `approve` and `deny` from people (or the
 * time-out), `grant` and `regrant` from the grant issuer, `succeed`, `fail` and `lose` from the executor. `doubt`: nobody
 * knows what became of the call, and there is a way to find out; `lose`: there is none (any more). `confirm` and `rule_out`
 * come from a status tool, or from a person. `amend`: a reviewer proposed other arguments in its place.
 */
export const PROPOSAL_EVENTS = [
  'permit',
  'ask',
  'refuse',
  'approve',
  'deny',
  'grant',
  'regrant',
  'succeed',
  'fail',
  'doubt',
  'lose',
  'confirm',
  'rule_out',
  'amend',
] as const;
export type ProposalEvent = (typeof PROPOSAL_EVENTS)[number];

const no = {
  permit: null,
  ask: null,
  refuse: null,
  approve: null,
  deny: null,
  grant: null,
  regrant: null,
  succeed: null,
  fail: null,
  doubt: null,
  lose: null,
  confirm: null,
  rule_out: null,
  amend: null,
} as const;

export const PROPOSAL_TABLE: StateTable<ProposalState, ProposalEvent> = {
  proposed: { ...no, permit: 'approved', ask: 'awaiting_approval', refuse: 'refused' },
  awaiting_approval: { ...no, approve: 'approved', deny: 'denied', refuse: 'refused', amend: 'amended' },
  // Decided again at the moment of use: a freeze or a new rule still reaches it.
  approved: { ...no, grant: 'granted', refuse: 'refused' },
  // `regrant`: the grant was never used (the process died, or it expired) and has been revoked.
  granted: { ...no, regrant: 'approved', succeed: 'succeeded', fail: 'failed', doubt: 'settling', lose: 'unknown' },
  // `grant`: one more call with the same key, decided anew. `refuse`: policy does not allow it any more, so a person looks.
  settling: {
    ...no,
    grant: 'retrying',
    refuse: 'unknown',
    doubt: 'settling',
    lose: 'unknown',
    confirm: 'succeeded',
    rule_out: 'failed',
  },
  // INVARIANT: a retry that failed, or was never made, says nothing of the call before it: no `fail` here.
  retrying: { ...no, succeed: 'succeeded', doubt: 'settling', lose: 'unknown' },
  refused: no,
  denied: no,
  amended: no,
  succeeded: no,
  failed: no,
  unknown: { ...no, confirm: 'succeeded', rule_out: 'failed' },
};

/** The next state. Throws `conflict` where the table refuses the event: the caller looked at an old state. */
export function nextState(state: ProposalState, event: ProposalEvent): ProposalState {
  const next = step(PROPOSAL_TABLE, state, event);
  if (next === null) throw new PortreeveError('conflict', `A proposal that is ${state} cannot ${event}.`);
  return next;
}
