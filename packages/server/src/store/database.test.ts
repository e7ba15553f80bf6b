import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Database } from './database.ts';
import { assertMigrated, migrate } from './migrate.ts';
import { emptyTestDatabase, type TestDatabase, testDatabase } from './testing/database.ts';

let test_: TestDatabase;
beforeAll(async () => {
  test_ = await testDatabase();
  await test_.database.pool.query('CREATE TABLE things (id integer PRIMARY KEY)');
});
afterAll(() => test_.close());

const count = async () =>
  (await test_.database.pool.query<{ n: string }>('SELECT count(*) AS n FROM things')).rows[0]?.n;

test('a transaction commits as a whole', async () => {
  await test_.database.transaction(async (tx) => {
    await test_.database.clientOf(tx).query('INSERT INTO things VALUES (1), (2)');
  });
  expect(await count()).toBe('2');
});

test('an error inside rolls everything back and comes out', async () => {
  await expect(
    test_.database.transaction(async (tx) => {
      await test_.database.clientOf(tx).query('INSERT INTO things VALUES (3)');
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await count()).toBe('2');
});

test('a failed statement that nobody looked at fails the transaction', async () => {
  await expect(
    test_.database.transaction(async (tx) => {
      const client = test_.database.clientOf(tx);
      await client.query('INSERT INTO things VALUES (4)');
      await client.query('INSERT INTO things VALUES (4)').catch(() => undefined);
    }),
  ).rejects.toThrow('nothing was written');
  expect(await count()).toBe('2');
});

test('a transaction inside another is refused', async () => {
  await expect(test_.database.transaction(() => test_.database.transaction(async () => 1))).rejects.toThrow(
    'pass its tx on',
  );
});

describe('E5: a transaction of one statement', () => {
  test('gives its rows; one that fails says why and writes nothing', async () => {
    const insert = 'INSERT INTO things (id) SELECT unnest($1::int[]) RETURNING id';
    expect(await test_.database.atOnce(insert, [[10, 11]])).toEqual([{ id: 10 }, { id: 11 }]);
    await expect(test_.database.atOnce(insert, [[12, 11]])).rejects.toMatchObject({ code: '23505' });
    expect(await test_.database.atOnce('SELECT id FROM things WHERE id = $1', [12])).toEqual([]);
    await test_.database.atOnce('DELETE FROM things WHERE id = ANY ($1)', [[10, 11]]);
  });

  test('is over while this process has other work: it holds no row for that long', async () => {
    // A connection is there, or to open one would be the work.
    await test_.database.atOnce('SELECT $1::int AS one', [1]);
    const seen = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(WATCHES, { eval: true, workerData: { url: test_.url, seen, id: 20 } });
    try {
      const done = test_.database.atOnce('INSERT INTO things (id) VALUES ($1) RETURNING id', [20]);
      for (let turn = 0; turn < 3; turn++) await setImmediate();
      // Nothing else of this thread runs until another one has read what was committed.
      expect(Atomics.wait(seen, 0, 0, 20_000)).not.toBe('timed-out');
      expect(await done).toEqual([{ id: 20 }]);
    } finally {
      await worker.terminate();
      await test_.database.atOnce('DELETE FROM things WHERE id = $1', [20]);
    }
  });
});

/** Looks until a row is committed. */
const WATCHES = `
const { workerData: { url, seen, id } } = require('node:worker_threads');
const { Client } = require('pg');
const client = new Client({ connectionString: url });
client.connect().then(async () => {
  while ((await client.query('SELECT FROM things WHERE id = $1', [id])).rowCount === 0);
  Atomics.store(seen, 0, 1);
  Atomics.notify(seen, 0);
});
`;

test('however many transactions read besides their own connection, none waits for another one to end', async () => {
  const small = new Database(test_.url, { max: 4 });
  try {
    const one = (id: number) =>
      small.transaction(async (tx) => {
        await sql`INSERT INTO things (id) VALUES (${id})`.execute(small.on(tx));
        const { rows } = await sql<{ one: number }>`SELECT 1 AS one`.execute(small.read);
        return rows[0]?.one;
      });
    const all = Array.from({ length: 16 }, (_, number) => one(1000 + number));
    expect(await Promise.all(all)).toEqual(all.map(() => 1));
  } finally {
    await small.close();
  }
});

test('J2: what is under way when it is closed comes to its end, whatever connections it needs for that', async () => {
  const closing = new Database(test_.url, { max: 4 });
  const begun = Promise.withResolvers<void>();
  const closes = Promise.withResolvers<void>();
  const work = closing.transaction(async (tx) => {
    await sql`INSERT INTO things (id) VALUES (2000)`.execute(closing.on(tx));
    begun.resolve();
    await closes.promise;
    await sql`SELECT 1`.execute(closing.vital);
    await sql`SELECT 1`.execute(closing.read);
    return 'done';
  });
  await begun.promise;
  const closed = closing.close();
  closes.resolve();
  expect(await work).toBe('done');
  await closed;
  const { rows } = await test_.database.pool.query('SELECT FROM things WHERE id = 2000');
  expect(rows).toHaveLength(1);
});

test('a transaction that ended cannot be used', async () => {
  const tx = await test_.database.transaction(async (open) => open);
  expect(() => test_.database.on(tx)).toThrow('not open');
});

test('J3: a second migration run applies nothing', async () => {
  expect(await migrate(test_.database.pool)).toMatchObject({ applied: [], roles: true });
});

describe('J2 J3: a newer version has migrated the database', () => {
  const newer = (contracts: string | null) =>
    test_.database.pool.query(
      "INSERT INTO schema_migrations (number, name, checksum, contracts) VALUES (9999, '9999_next.sql', 'x', $1)",
      [contracts],
    );
  afterEach(() => test_.database.pool.query('DELETE FROM schema_migrations WHERE number = 9999'));

  test('J2: this version runs on it where nothing was taken from it, and takes no right of the newer one', async () => {
    await newer(null);
    await test_.database.pool.query('GRANT TRUNCATE ON runs TO portreeve_api');
    expect(await migrate(test_.database.pool)).toEqual({ applied: [], roles: true, schema: '9999_next.sql' });
    expect(await assertMigrated(test_.database.pool)).toBe('9999_next.sql');
    const { rows } = await test_.database.pool.query(
      "SELECT has_table_privilege('portreeve_api', 'runs', 'TRUNCATE') AS kept",
    );
    expect(rows).toEqual([{ kept: true }]);
  });

  test('J3: it refuses, and says why, where something was', async () => {
    await newer('runs have no requester any more');
    await expect(migrate(test_.database.pool)).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('runs have no requester any more'),
    });
    await expect(assertMigrated(test_.database.pool)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('J3: a migration that was changed after it had been applied is refused', async () => {
  await test_.database.pool.query("UPDATE schema_migrations SET checksum = 'other' WHERE number = 2");
  await expect(migrate(test_.database.pool)).rejects.toMatchObject({
    code: 'misconfigured',
    detail: expect.stringContaining('was changed after it had been applied'),
  });
  await expect(assertMigrated(test_.database.pool)).rejects.toMatchObject({ code: 'unavailable' });
});

test('J3: a database of a version that kept no note of what migrations take comes up to date', async () => {
  const { url, drop } = await emptyTestDatabase();
  const database = new Database(url);
  try {
    await migrate(database.pool, 81);
    await database.pool.query('ALTER TABLE schema_migrations DROP COLUMN contracts');
    await expect(assertMigrated(database.pool)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await migrate(database.pool)).applied).toContain('0082_pilots.sql');
    expect(await assertMigrated(database.pool)).toMatch(/\.sql$/);
  } finally {
    await database.close();
    await drop();
  }
});
