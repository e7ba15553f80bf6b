import type { CallOutcome, ExecutionState, GrantState, StateTable } from '@portreeve/contract';

export type GrantEvent = 'use' | 'expire' | 'revoke';

/** A grant leaves `issued` once, and nothing leads back. SPEC.md 1. */
export const GRANT_TABLE: StateTable<GrantState, GrantEvent> = {
  issued: { use: 'spent', expire: 'expired', revoke: 'revoked' },
  spent: { use: null, expire: null, revoke: null },
  expired: { use: null, expire: null, revoke: null },
  revoked: { use: null, expire: null, revoke: null },
};

export type ExecutionEvent = 'succeed' | 'fail' | 'lose' | 'confirm' | 'rule_out';

const none = { succeed: null, fail: null, lose: null, confirm: null, rule_out: null } as const;

/**
 * `lose`: the answer is lost, so the outcome is unknown. What leads out of that is knowledge and never the executor: a
 * status tool or a person says that it happened (`confirm`) or that it did not (`rule_out`). SPEC.md 2.
 */
export const EXECUTION_TABLE: StateTable<ExecutionState, ExecutionEvent> = {
  started: { ...none, succeed: 'succeeded', fail: 'failed', lose: 'unknown' },
  succeeded: none,
  failed: none,
  unknown: { ...none, confirm: 'succeeded', rule_out: 'failed' },
};

/** The event that an outcome is for the execution's state. */
export const EVENT_OF_OUTCOME: Record<CallOutcome['state'], ExecutionEvent> = {
  succeeded: 'succeed',
  failed: 'fail',
  unknown: 'lose',
};
