import type { Json } from './canonical.ts';

export const EXECUTION_STATES = ['started', 'succeeded', 'failed', 'unknown'] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

/**
 * How one call ended. `status` is that of HTTP, where the call went over HTTP. `failed`: it is certain that nothing happened downstream, or the downstream said that it refused.
 * `unknown`: the request may have arrived and the answer did not. Only where the contract says that the downstream honours
 * the idempotency key is it sent again, with the same key; else it is never repeated by itself (invariant 8).
 */
export type CallOutcome =
  | { readonly state: 'succeeded'; readonly status?: number; readonly result: Json; readonly duration_ms: number }
  | { readonly state: 'failed'; readonly status?: number; readonly reason: string; readonly duration_ms: number }
  | { readonly state: 'unknown'; readonly reason: string; readonly duration_ms: number };
