import type { ChangeEvent, ChangeState, StateTable } from '@portreeve/contract';

const over = { approve: null, reject: null, settle: null, withdraw: null } as const;

/**
 * INVARIANT: what was rejected stays so until the thing itself is taken back, or people agree to it after all: a no changes
 * nothing of what is in force.
 */
export const CHANGE_TABLE: StateTable<ChangeState, ChangeEvent> = {
  open: { approve: 'approved', reject: 'rejected', settle: 'settled', withdraw: 'withdrawn' },
  rejected: { approve: 'approved', reject: null, settle: 'settled', withdraw: 'withdrawn' },
  approved: over,
  settled: over,
  withdrawn: over,
};

/** Those that somebody may still decide on. */
export const LIVE_STATES = ['open', 'rejected'] as const satisfies readonly ChangeState[];
