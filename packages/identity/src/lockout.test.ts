import { expect, test } from 'vitest';
import { charge, LOCKOUT } from './lockout.ts';
import type { Attempts } from './ports.ts';

const START = Date.parse('2026-11-02T09:00:00.000Z');
const none: Attempts = { name: 'ana', failures: 0, last_at: new Date(START).toISOString(), locked_until: null };

/** The waits that somebody meets who fails as fast as is allowed. */
function waits(count: number): number[] {
  let attempts = none;
  let now = START;
  return Array.from({ length: count }, () => {
    const charged = charge(attempts, new Date(now));
    if (!charged.allowed) throw new Error('asked too early');
    attempts = charged.next;
    const blocked = charge(attempts, new Date(now));
    const wait_s = blocked.allowed ? 0 : blocked.retry_after_s;
    now += wait_s * 1000;
    return wait_s;
  });
}

test('B1: four failures are free, then each wait doubles up to a quarter of an hour', () => {
  expect(waits(12)).toEqual([0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
});

test('a wait ends at its instant and not before', () => {
  const locked: Attempts = { ...none, failures: 5, locked_until: new Date(START + 30_000).toISOString() };
  expect(charge(locked, new Date(START + 29_999))).toEqual({ allowed: false, retry_after_s: 1 });
  expect(charge(locked, new Date(START + 30_000)).allowed).toBe(true);
});

test('failures are forgotten after the window', () => {
  const old: Attempts = { ...none, failures: 9 };
  const charged = charge(old, new Date(START + LOCKOUT.window_s * 1000 + 1));
  expect(charged).toMatchObject({ allowed: true, next: { failures: 1, locked_until: null } });
});
