import type { Attempts } from './ports.ts';

export const LOCKOUT = {
  /** Failures before the first wait. */
  free: 5,
  first_wait_s: 30,
  longest_wait_s: 15 * 60,
  /** Failures older than this are forgotten. */
  window_s: 24 * 60 * 60,
} as const;

export type Charge =
  | { readonly allowed: true; readonly next: Attempts }
  | { readonly allowed: false; readonly retry_after_s: number };

/**
 * Counts an attempt as failed before it is checked, and says whether it may be checked at all. Counting first bounds
 * guesses that arrive at the same moment; a right password clears the count afterwards.
 */
export function charge(before: Attempts, now: Date): Charge {
  if (before.locked_until !== null) {
    const wait_ms = Date.parse(before.locked_until) - now.getTime();
    if (wait_ms > 0) return { allowed: false, retry_after_s: Math.ceil(wait_ms / 1000) };
  }
  const recent = now.getTime() - Date.parse(before.last_at) <= LOCKOUT.window_s * 1000;
  const failures = Math.min((recent ? before.failures : 0) + 1, 1000);
  return {
    allowed: true,
    next: {
      name: before.name,
      failures,
      last_at: now.toISOString(),
      locked_until: failures < LOCKOUT.free ? null : new Date(now.getTime() + wait_s(failures) * 1000).toISOString(),
    },
  };
}

function wait_s(failures: number): number {
  return Math.min(LOCKOUT.first_wait_s * 2 ** (failures - LOCKOUT.free), LOCKOUT.longest_wait_s);
}
