import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@portreeve/contract';
import { CIRCUITS, createCircuits, TAKEN } from '@portreeve/model';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from './listen.ts';
import { MODEL_CHANNEL, modelStates } from './model-states.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let house: TestDatabase;
beforeAll(async () => {
  house = await testDatabase();
});
afterAll(() => house?.close());

test('E4: processes change a state one after the other, and each sees what the last one made', async () => {
  const store = modelStates(house.database, CIRCUITS);
  await Promise.all(
    Array.from({ length: 40 }, () => store.change('counted', (state) => ({ ...state, calls: state.calls + 1 }))),
  );
  const { states, at } = await store.all();
  expect(states.get('counted')?.calls).toBe(40);
  expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
});

test('E4: changes that come together are made together, and one that throws is not made, alone', async () => {
  const { database } = house;
  const [here, there] = [modelStates(database, CIRCUITS), modelStates(database, CIRCUITS)];
  const asked: number[] = [];
  const more = (store: typeof here, by = 1) =>
    store.change('together', (state) => {
      asked.push(by);
      return { ...state, calls: state.calls + by };
    });
  const wrong = () =>
    here.change('together', () => {
      throw new TypeError('of this one alone');
    });
  const results = await Promise.allSettled([
    more(here),
    wrong(),
    ...Array.from({ length: 30 }, () => more(here)),
    // As another process would: it is not in the same turns.
    ...Array.from({ length: 30 }, () => more(there, 100)),
  ]);
  expect(results.filter(({ status }) => status === 'rejected')).toEqual([
    { status: 'rejected', reason: expect.objectContaining({ message: 'of this one alone' }) },
  ]);
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.state.calls] : []));
  expect(new Set(made).size).toBe(61);
  expect(Math.max(...made)).toBe(3031);
  expect((await here.all()).states.get('together')?.calls).toBe(3031);
  // Few turns: what waited was not asked for one by one, even where the other was faster.
  expect(asked.length).toBeLessThan(61 * 4);
});

test('E4: no row is locked while this process has other work', async () => {
  const store = modelStates(house.database, CIRCUITS);
  await store.change('free', (state) => ({ ...state, calls: 1 }));
  const seen = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(LOCKS, { eval: true, workerData: { url: house.url, seen } });
  try {
    await store.change('free', (state) => {
      // Nothing else of this thread runs until another one has locked the row, and given it free.
      if (Atomics.compareExchange(seen, 0, 0, 1) === 0) expect(Atomics.wait(seen, 1, 0, 20_000)).not.toBe('timed-out');
      return { ...state, calls: 2 };
    });
    expect((await store.all()).states.get('free')?.calls).toBe(2);
  } finally {
    await worker.terminate();
  }
});

/** Locks the row once somebody is about to change it. */
const LOCKS = `
const { workerData: { url, seen } } = require('node:worker_threads');
const { Client } = require('pg');
const client = new Client({ connectionString: url });
client.connect().then(async () => {
  while (Atomics.load(seen, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
  await client.query("SELECT FROM model_states WHERE kind = 'circuit' AND name = 'free' FOR UPDATE");
  Atomics.store(seen, 1, 1);
  Atomics.notify(seen, 1);
});
`;

test('E4: what is no news, or is nothing, tells nobody; a state that cannot be read is begun anew', async () => {
  const store = modelStates(house.database, CIRCUITS);
  const heard: string[] = [];
  const listener = listen(house.url, { channel: MODEL_CHANNEL, name: 'test', heard: (kind) => heard.push(kind) });
  await expect.poll(() => heard).toEqual(['']);
  await store.change('claude', (state) => state);
  await store.change('claude', (state) => ({ ...state, calls: 1 }));
  await store.change('claude', (state) => ({ ...state, state: 'open', why: 'it is down' }));
  await expect.poll(() => heard).toEqual(['', 'circuit']);
  await listener.stop();

  await sql`UPDATE model_states SET state = '{"state":"of another version"}' WHERE name = 'claude'`.execute(
    house.database.read,
  );
  expect((await store.change('claude', (state) => state)).state).toMatchObject({ state: 'closed', calls: 0 });
});

test('E4: one process opens the circuit and another knows it without a failure of its own', async () => {
  const options = { breaker_failures: 2 };
  const [a, b] = ['a', 'b'].map((process) => {
    const circuits = createCircuits({ store: modelStates(house.database, CIRCUITS), clock: systemClock, process });
    return { circuits, endpoint: circuits.of('shared', options) };
  });
  await a?.endpoint.failed('down', false);
  await b?.endpoint.failed('down', false);
  await a?.circuits.refresh();
  expect(a?.endpoint.wait()).toBeGreaterThan(0);
  expect(await a?.endpoint.admit()).toMatchObject({ ok: false, circuit: { why: '2 attempts in a row failed: down' } });
});

const PROGRAM = fileURLToPath(new URL('./testing/take-rates.ts', import.meta.url));

test('E5: four processes together keep to a limit within 2% over a minute', { timeout: 120_000 }, async () => {
  const limit = 300;
  await sql`CREATE TABLE test_time AS SELECT 0::float8 AS now`.execute(house.database.read);
  await sql`CREATE TABLE test_waiting (name text PRIMARY KEY, until float8)`.execute(house.database.read);
  const outputs = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) =>
      promisify(execFile)(process.execPath, [PROGRAM, house.url, String(limit), '4', name], { timeout: 110_000 }),
    ),
  );
  const each = outputs.map(({ stdout }) => JSON.parse(stdout) as number[]);
  const all = each.flat().sort((x, y) => x - y);
  // Each minute that can be looked at, not only the first.
  for (let from = 0; from <= 60_000; from += 5000) {
    const minute = all.filter((at) => at >= from && at < from + 60_000).length;
    expect(minute, `from ${from} ms on`).toBeGreaterThanOrEqual(limit * 0.98);
    expect(minute, `from ${from} ms on`).toBeLessThanOrEqual(limit * 1.02);
  }
  // Smoothed: no second has more than twice its share.
  for (let from = 0; from < 120_000; from += 1000)
    expect(all.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual((2 * limit) / 60);
  // None of the processes is kept away.
  for (const went of each) expect(went.length).toBeGreaterThan(all.length / 20);
  expect((await modelStates(house.database, TAKEN).all()).states.has('claude')).toBe(true);
});
