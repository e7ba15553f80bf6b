import type { ApprovalState, StateTable } from '@portreeve/contract';

export const APPROVAL_EVENTS = ['quorum_met', 'deny', 'expire', 'withdraw', 'revoke', 'amend'] as const;
export type ApprovalEvent = (typeof APPROVAL_EVENTS)[number];

const closed = { quorum_met: null, deny: null, expire: null, withdraw: null, revoke: null, amend: null } as const;

/** Nothing leaves a closed approval: a changed mind, or a changed proposal, is a new one. See SPEC.md. */
export const APPROVAL_TABLE: StateTable<ApprovalState, ApprovalEvent> = {
  pending: {
    quorum_met: 'approved',
    deny: 'denied',
    expire: 'expired',
    withdraw: 'withdrawn',
    revoke: 'withdrawn',
    amend: 'amended',
  },
  approved: closed,
  denied: closed,
  expired: closed,
  withdrawn: closed,
  amended: closed,
};
