import { expect, test } from 'vitest';
import { describeShortfall, inUnits } from './budgets.ts';

test('E5: money is written without a float, and rounded up', () => {
  expect([0, 1, 10_000, 1_500_000, 9_007_199_254_740_991].map(inUnits)).toEqual([
    ...['0.00', '0.01', '0.01', '1.50', '9007199254.75'],
  ]);
});

test('E5: a budget that is short says which, how much is used and kept back, and what was asked for', () => {
  const short = { budget: 'owner:finance', month: '2026-11', unit: 'micros' as const, limit: 5_000_000 };
  expect(describeShortfall({ ...short, used: 4_900_000, reserved: 50_000, asked: 90_000 }, 'USD')).toBe(
    'the budget of owner finance for 2026-11 does not suffice: 4.90 of 5.00 USD are used, 0.05 are kept back for questions under way, and this question may take up to 0.09',
  );
  const run = { budget: 'run', month: null, unit: 'tokens' as const, limit: 100, used: 0, reserved: 0, asked: 5000 };
  expect(describeShortfall({ ...run, used: 100 }, '')).toBe('the budget of this run is used up: 100 of 100 tokens');
  expect(describeShortfall(run, '')).toBe(
    'the budget of this run does not suffice: 0 of 100 tokens are used, and this question may take up to 5000',
  );
});
