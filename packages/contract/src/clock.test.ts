import { expect, test } from 'vitest';
import { fixedClock, systemClock } from './clock.ts';

test('a fixed clock moves only when it is moved', () => {
  const clock = fixedClock('2026-11-20T12:00:00Z');
  expect(clock.now().toISOString()).toBe('2026-11-20T12:00:00.000Z');
  clock.advance(1500);
  expect(clock.now().toISOString()).toBe('2026-11-20T12:00:01.500Z');
  clock.set('2027-01-01T00:00:00Z');
  expect(clock.now().toISOString()).toBe('2027-01-01T00:00:00.000Z');
  clock.now().setFullYear(1999);
  expect(clock.now().getUTCFullYear()).toBe(2027);
});

test('the system clock is the machine\u2019s', () => {
  const before = Date.now();
  const now = systemClock.now().getTime();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});
