import { expect, test } from 'vitest';
import { projectConfigSchema } from './project.ts';

const PRICE = { input: 3_000_000, output: 15_000_000 };
const cloud = {
  ...{ name: 'cloud', kind: 'anthropic', model: 'claude-x', secret: 'cloud-key', where: 'public-cloud' },
  clearance: { confidentiality: 'internal' },
};
const priced = { ...cloud, prices: { currency: 'USD', models: { 'claude-x': PRICE } } };
const simulated = { name: 'play', kind: 'simulated', where: 'inside', clearance: { confidentiality: 'internal' } };

const faults = (budgets: object, ...models: object[]) =>
  (projectConfigSchema.safeParse({ workflows: ['a'], models, budgets }).error?.issues ?? []).map(
    ({ path, message }) => [path.slice(1).join('.'), message],
  );

test.each([
  ['run', { run: { micros: 1 } }],
  ['month', { month: { micros: 1, tokens: 5 } }],
  ['workflows.refund.run', { workflows: { refund: { run: { micros: 1 } } } }],
  ['workflows.refund.month', { workflows: { refund: { month: { micros: 1 } } } }],
  ['owners.finance.month', { owners: { finance: { month: { micros: 1 } } } }],
])('E5: %s in money is refused while an endpoint has no price, with what to write', (path, budgets) => {
  const message =
    'holds nothing back at cloud, which has no price for claude-x: set `prices` there (0 where it costs nothing), or `tokens` here';
  expect(faults(budgets, cloud)).toEqual([[path, message]]);
  expect(faults(budgets, { ...priced, name: 'first' }, cloud)).toEqual([[path, message]]);
  const other = { ...priced, prices: { currency: 'USD', models: { 'claude-y': PRICE } } };
  expect(faults(budgets, other)).toEqual([[path, message]]);
  expect(faults(budgets, priced)).toEqual([]);
  expect(faults(budgets, priced, simulated)).toEqual([]);
});

test('E5: budgets of tokens need no price, and a model of the house’s own has one of 0', () => {
  expect(faults({ run: { tokens: 1 }, owners: { finance: { month: { tokens: 1 } } } }, cloud)).toEqual([]);
  const free = { ...cloud, prices: { currency: 'USD', models: { 'claude-x': { input: 0, output: 0 } } } };
  expect(faults({ run: { micros: 1 } }, free)).toEqual([]);
});
