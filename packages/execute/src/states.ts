import type { CallOutcome, ExecutionState, GrantState, StateTable } from '@portreeve/contract';

export type GrantEvent = 'use' | 'expire' | 'revoke';

/** A grant leaves `issued` once, and nothing leads back. SPEC.md 1. */
export const GRANT_TABLE: StateTable<GrantState, GrantEvent> = {
  issued: { use: 'spent', expire: 'expired', revoke: 'revoked' },
  spent: { use: null, expire: null, revoke: null },
  expired: { use: null, expire: null, revoke: null },
  revoked: { use: null, expire: null, revoke: null },
};

export type ExecutionEvent = 'succeed' | 'fail' | 'lose';

/** `lose`: the answer is lost, so the outcome is unknown. Only a person leads out of that. SPEC.md 2. */
export const EXECUTION_TABLE: StateTable<ExecutionState, ExecutionEvent> = {
  started: { succeed: 'succeeded', fail: 'failed', lose: 'unknown' },
  succeeded: { succeed: null, fail: null, lose: null },
  failed: { succeed: null, fail: null, lose: null },
  unknown: { succeed: null, fail: null, lose: null },
};

/** The event that an outcome is for the execution's state. */
export const EVENT_OF_OUTCOME: Record<CallOutcome['state'], ExecutionEvent> = {
  succeeded: 'succeed',
  failed: 'fail',
  unknown: 'lose',
};
