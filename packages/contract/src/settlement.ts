import type { ExecutionId, ProposalId } from './ids.ts';

/** How the outcome of a call is found out: the call again with the same idempotency key, or a question to a status tool. */
export const SETTLING_WAYS = ['retry', 'ask'] as const;
export type SettlingWay = (typeof SETTLING_WAYS)[number];

export const SETTLED = ['happened', 'did_not_happen', 'not_known'] as const;
export type Settled = (typeof SETTLED)[number];

/** One try to learn what became of a call. */
export interface SettlingTry {
  readonly way: SettlingWay;
  readonly at: string;
  readonly came: Settled;
  readonly reason: string;
  readonly execution: ExecutionId | null;
  readonly asked: ProposalId | null;
}

/** What is known of a proposal whose outcome is not. It is the hand-off's context where nothing could be learned. */
export interface Settlement {
  /** Every call of it whose answer was lost, oldest first. */
  readonly calls: readonly { readonly execution: ExecutionId; readonly lost_at: string; readonly reason: string }[];
  readonly tries: readonly SettlingTry[];
  readonly next: { readonly way: SettlingWay; readonly at: string } | null;
  /** From then on no call can be under way any more, so that "it did not happen" stays true. */
  readonly quiet_at: string;
}
