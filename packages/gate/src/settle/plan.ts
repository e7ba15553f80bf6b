import {
  type ExecutionId,
  GRANT_TTL_MAX_S,
  type Settlement,
  type SettlingTry,
  type ToolContract,
} from '@portreeve/contract';

/** Milliseconds to wait before the first, second, … call with the same key. After the last a person is asked. */
export const RETRY_AFTER_MS = [2_000, 15_000, 60_000, 300_000] as const;
/**
 * Milliseconds to wait before the first, second, … question to the status tool. From the fourth on it is asked when no
 * call can be under way any more: only then is "it did not happen" believed.
 */
export const ASK_AFTER_MS = [2_000, 20_000, 90_000, 300_000, 600_000] as const;
const BELIEVED_FROM = 3;

/** A call whose answer was lost just now, added to what is known. */
export function noteLost(
  before: Settlement | null,
  call: { readonly execution: ExecutionId; readonly reason: string },
  contract: ToolContract,
  now: Date,
): Settlement {
  return {
    calls: [...(before?.calls ?? []), { ...call, lost_at: now.toISOString() }],
    tries: before?.tries ?? [],
    next: null,
    // A grant that was issued a moment ago can still be used, and a call that it began takes as long as it may.
    quiet_at: new Date(now.getTime() + GRANT_TTL_MAX_S * 1000 + contract.timeout_ms).toISOString(),
  };
}

export const noteTry = (before: Settlement, made: SettlingTry): Settlement => ({
  ...before,
  tries: [...before.tries, made],
});

/** The same with what is to be tried next, and when; nothing where every way that the contract offers is used up. */
export function planNext(
  settlement: Settlement,
  contract: ToolContract,
  companions: readonly ToolContract[],
  now: Date,
): Settlement {
  const made = (way: SettlingTry['way']) => settlement.tries.filter((each) => each.way === way).length;
  const at = (ms: number) => new Date(now.getTime() + ms);
  const retry = contract.idempotency === 'key' ? RETRY_AFTER_MS[made('retry')] : undefined;
  // INVARIANT 8: without a key that the downstream honours, nothing is ever called again by itself.
  if (retry !== undefined) return { ...settlement, next: { way: 'retry', at: at(retry).toISOString() } };
  const asks = made('ask');
  const ask = companions.some(({ name }) => name === contract.status?.tool) ? ASK_AFTER_MS[asks] : undefined;
  if (ask === undefined) return { ...settlement, next: null };
  const quiet = asks >= BELIEVED_FROM ? Date.parse(settlement.quiet_at) : 0;
  return { ...settlement, next: { way: 'ask', at: new Date(Math.max(at(ask).getTime(), quiet)).toISOString() } };
}
