import fc from 'fast-check';
import { expect, test } from 'vitest';
import { correct, NO_RATES, TAKEN, type Taken, take } from './rates.ts';

const LOAD = { input_tokens: 1000, output_tokens: 200 };

test('E5: no more than the limit goes in any minute, and hardly less, whoever comes and when', () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 3000 }), fc.integer({ min: 1, max: 40 }), (limit, spread) => {
      const rates = { ...NO_RATES, requests_per_minute: limit };
      let taken: Taken = TAKEN.initial(0);
      const went: number[] = [];
      for (let at = 0; at < 180_000; at += 1 + ((at * 7) % spread)) {
        const result = take(taken, at, rates, LOAD);
        taken = result.taken;
        if (result.wait_ms === 0) went.push(at);
      }
      for (const from of [0, 30_000, 61_234, 120_000]) {
        const minute = went.filter((at) => at >= from && at < from + 60_000).length;
        // 0.5% of tolerance, and the one at each edge.
        expect(minute).toBeLessThanOrEqual(limit * 1.005 + 1);
        // Less than a slot lies between two looks, or looking is what limits.
        if (60_000 / limit > spread) expect(minute).toBeGreaterThanOrEqual(limit * 0.98);
      }
    }),
    { numRuns: 40 },
  );
});

test('E5: tokens count by what an attempt may take, and what it did not take comes back', () => {
  const rates = { ...NO_RATES, output_tokens_per_minute: 60_000 };
  const first = take(TAKEN.initial(0), 1000, rates, { input_tokens: 0, output_tokens: 4000 });
  expect(first.wait_ms).toBe(0);
  expect(take(first.taken, 1000, rates, LOAD).wait_ms).toBe(3700);
  const settled = correct(
    first.taken,
    rates,
    { input_tokens: 0, output_tokens: 4000 },
    { input_tokens: 0, output_tokens: 100 },
  );
  expect(take(settled, 1000, rates, LOAD).wait_ms).toBe(0);
});

test('E5: each limit holds by itself; the longest wait counts', () => {
  const rates = { requests_per_minute: 60, input_tokens_per_minute: 600_000, output_tokens_per_minute: 2000 };
  const { taken } = take(TAKEN.initial(0), 10_000, rates, LOAD);
  // 1 s for the request, 0.1 s for the input, 6 s for the output, each less the tolerance.
  expect(take(taken, 10_000, rates, LOAD).wait_ms).toBe(5700);
});

test('E5: an attempt that was never sent gives everything back', () => {
  const rates = { requests_per_minute: 60, input_tokens_per_minute: 600_000, output_tokens_per_minute: 2000 };
  const { taken } = take(TAKEN.initial(0), 10_000, rates, LOAD);
  expect(take(correct(taken, rates, LOAD, null), 10_000, rates, LOAD).wait_ms).toBe(0);
});
