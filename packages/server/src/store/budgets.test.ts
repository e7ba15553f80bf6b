import { asId, budgetsSchema, fixedClock, newId, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BudgetStore, budgetStore } from './budgets.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let house: TestDatabase;
let budgets: BudgetStore;
const clock = fixedClock('2026-11-20T10:00:00Z');
const config = budgetsSchema.parse({
  run: { tokens: 1000 },
  month: { tokens: 100_000 },
  workflows: { refund: { month: { micros: 5000 } } },
  owners: { finance: { month: { micros: 8000 } } },
});
beforeAll(async () => {
  house = await testDatabase();
});
afterAll(() => house?.close());
beforeEach(async () => {
  await house.database.read.deleteFrom('budget_uses').execute();
  await house.database.read.deleteFrom('budget_reservations').execute();
  budgets = budgetStore(house.database, config, clock);
});

const run = () => newId('run', systemClock);
const payer = { run: asId('run', 'run_1'), workflow: 'refund', owner: 'finance' };
const LEASE = 60_000;

describe('E5: budgets', () => {
  test('what is kept back counts until it is put right; a second time changes nothing', async () => {
    expect(await budgets.reserve('a', payer, { tokens: 600, micros: 900 }, LEASE)).toBeNull();
    expect(await budgets.ofRun(payer.run)).toEqual({ tokens: 0, micros: 0, reserved: { tokens: 600, micros: 900 } });
    expect(await budgets.reserve('b', payer, { tokens: 401, micros: 0 }, LEASE)).toEqual({
      ...{ budget: 'run', month: null, unit: 'tokens', limit: 1000, used: 0, reserved: 600, asked: 401 },
    });
    await budgets.settle('a', { tokens: 100, micros: 150 });
    await budgets.settle('a', { tokens: 100, micros: 150 });
    expect(await budgets.ofRun(payer.run)).toEqual({ tokens: 100, micros: 150, reserved: { tokens: 0, micros: 0 } });
    expect(await budgets.reserve('b', payer, { tokens: 401, micros: 0 }, LEASE)).toBeNull();
  });

  test('forty questions at the same time cannot overdraw', async () => {
    const asked = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        budgets.reserve(`q${n}`, { ...payer, run: run() }, { tokens: 10, micros: 300 }, LEASE),
      ),
    );
    const let_through = asked.filter((short) => short === null).length;
    expect(let_through).toBe(Math.floor(5000 / 300));
    expect(asked.find((short) => short !== null)).toMatchObject({
      budget: 'workflow:refund',
      month: '2026-11',
      limit: 5000,
    });
    await Promise.all(Array.from({ length: 40 }, (_, n) => budgets.settle(`q${n}`, { tokens: 10, micros: 300 })));
    const rows = await house.database.read.selectFrom('budget_uses').selectAll().execute();
    expect(rows.find(({ budget }) => budget === 'workflow:refund')).toMatchObject({
      micros: '4800',
      reserved_micros: '0',
    });
  });

  test('each budget stops by itself: the owner’s is shared by its workflows, the month’s by all', async () => {
    const other = { run: run(), workflow: 'invoices', owner: 'finance' };
    await budgets.reserve('a', { ...payer, run: run() }, { tokens: 1, micros: 4500 }, LEASE);
    expect(await budgets.reserve('b', other, { tokens: 1, micros: 3501 }, LEASE)).toMatchObject({
      ...{ budget: 'owner:finance', unit: 'micros', limit: 8000, reserved: 4500, asked: 3501 },
    });
    const small = budgetStore(house.database, budgetsSchema.parse({ month: { tokens: 10 } }), clock);
    expect(
      await small.reserve('c', { run: run(), workflow: 'x', owner: 'y' }, { tokens: 11, micros: 0 }, LEASE),
    ).toMatchObject({ budget: 'all', unit: 'tokens' });
  });

  test('a new month begins with nothing used', async () => {
    const limit = budgetsSchema.parse({ month: { tokens: 100 } });
    const november = budgetStore(house.database, limit, clock);
    await november.reserve('a', { ...payer, run: run() }, { tokens: 100, micros: 0 }, LEASE);
    await november.settle('a', { tokens: 100, micros: 0 });
    expect(await november.exhausted(payer)).toMatchObject({ budget: 'all', month: '2026-11', used: 100 });
    const december = budgetStore(house.database, limit, fixedClock('2026-12-01T00:00:00Z'));
    expect(await december.exhausted(payer)).toBeNull();
    expect(await december.reserve('b', { ...payer, run: run() }, { tokens: 100, micros: 0 }, LEASE)).toBeNull();
  });

  test('what was kept back for a lost process counts as spent after its time: nobody knows better', async () => {
    const time = fixedClock('2026-11-20T10:00:00Z');
    const store = budgetStore(house.database, config, time);
    await store.reserve('a', payer, { tokens: 600, micros: 900 }, LEASE);
    expect(await store.settleLost()).toBe(0);
    time.advance(LEASE + 1);
    expect(await store.settleLost()).toBe(1);
    expect(await store.ofRun(payer.run)).toEqual({ tokens: 600, micros: 900, reserved: { tokens: 0, micros: 0 } });
    await store.settle('a', { tokens: 1, micros: 1 });
    expect(await store.ofRun(payer.run)).toMatchObject({ tokens: 600 });
  });

  test('a question without a price takes nothing of a budget of money', async () => {
    expect(await budgets.reserve('a', payer, { tokens: 1, micros: 5000 }, LEASE)).toBeNull();
    expect(await budgets.reserve('b', payer, { tokens: 1, micros: 0 }, LEASE)).toBeNull();
  });
});
