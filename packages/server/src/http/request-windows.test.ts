import { afterEach, expect, test, vi } from 'vitest';
import { RequestWindows } from './request-windows.ts';

const WINDOW_MS = 60_000;
const count = (windows: RequestWindows, caller = 'one') => {
  let result: { current: number; ttl: number } | undefined;
  windows.incr(
    caller,
    (_error, told) => {
      result = told;
    },
    WINDOW_MS,
  );
  return result!;
};
afterEach(() => {
  vi.useRealTimers();
});

test('a window counts until it is over, each caller and each route by itself', () => {
  let now = 1000;
  const windows = new RequestWindows({}, () => now);
  expect(count(windows)).toEqual({ current: 1, ttl: WINDOW_MS });
  now += 20_000;
  expect(count(windows)).toEqual({ current: 2, ttl: 40_000 });
  expect(count(windows, 'other').current).toBe(1);
  expect(count(windows.child()).current).toBe(1);
  now += 40_000;
  expect(count(windows)).toEqual({ current: 1, ttl: WINDOW_MS });
});

test('J2: a clock that was ahead and is set back keeps nobody out', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_800_000 });
  const windows = new RequestWindows({});
  count(windows);
  vi.setSystemTime(Date.now() - 1_800_000);
  expect(count(windows).ttl).toBeLessThanOrEqual(WINDOW_MS);
});

test('it keeps so many callers, those seen last', () => {
  const windows = new RequestWindows({}, () => 0);
  for (let n = 0; n < 5000; n++) count(windows, `caller-${n}`);
  count(windows, 'caller-0');
  count(windows, 'one more');
  expect(count(windows, 'caller-0').current).toBe(3);
  expect(count(windows, 'caller-1').current).toBe(1);
});
