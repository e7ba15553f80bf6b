import { expect, test } from 'vitest';
import { costOf, type Prices, pricesSchema } from './model-price.ts';

const PRICES: Prices = pricesSchema.parse({
  currency: 'USD',
  models: {
    'claude-x': { input: 3_000_000, output: 15_000_000, cache_read: 300_000, cache_write: 3_750_000 },
    plain: { input: 1, output: 1 },
  },
});
const usage = (input_tokens: number, output_tokens = 0, cache_read_tokens = 0, cache_write_tokens = 0) => ({
  ...{ input_tokens, output_tokens, cache_read_tokens, cache_write_tokens },
});

test('E8: each kind of token has its price, in whole millionths', () => {
  expect(costOf(PRICES, ['claude-x'], usage(1_000_000))).toEqual({ currency: 'USD', micros: 3_000_000 });
  expect(costOf(PRICES, ['claude-x'], usage(1000, 200, 600, 300))).toEqual({
    currency: 'USD',
    micros: 100 * 3 + 600 * 0.3 + 300 * 3.75 + 200 * 15,
  });
});

test('a part of a millionth counts as a whole one, and nothing as nothing', () => {
  expect(costOf(PRICES, ['plain'], usage(1))?.micros).toBe(1);
  expect(costOf(PRICES, ['plain'], usage(0))?.micros).toBe(0);
});

test('the first name with a price counts; without one there is no cost, and not a cost of nothing', () => {
  expect(costOf(PRICES, ['claude-x-20261001', 'claude-x'], usage(1_000_000))?.micros).toBe(3_000_000);
  expect(costOf(PRICES, ['toString'], usage(1))).toBeNull();
  expect(costOf(null, ['claude-x'], usage(1))).toBeNull();
});

test('counts that contradict each other never make a cost negative', () => {
  expect(costOf(PRICES, ['claude-x'], usage(10, 0, 1_000_000))?.micros).toBe(300_000);
});

test('the largest answer that a vendor could bill is exact', () => {
  expect(costOf(PRICES, ['claude-x'], usage(9_007_199_254))?.micros).toBe(27_021_597_762);
});
