import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

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

test('as many transactions as there are connections can each read beside', async () => {
  const database = new Database(test_.url, { max: 2 });
  try {
    let open = 0;
    let all!: () => void;
    const allOpen = new Promise<void>((done) => {
      all = done;
    });
    const reads = () =>
      database.transaction(async () => {
        if (++open === 2) all();
        await allOpen;
        return sql<{ n: string }>`SELECT count(*) AS n FROM things`.execute(database.read);
      });
    const [{ rows }] = await Promise.all([reads(), reads()]);
    expect(rows).toEqual([{ n: '2' }]);
  } finally {
    await database.close();
  }
});

test('it closes once every transaction has ended, also those that wait to read beside', async () => {
  const database = new Database(test_.url, { max: 12 });
  let open = 0;
  let all!: () => void;
  const allOpen = new Promise<void>((done) => {
    all = done;
  });
  const reads = () =>
    database.transaction(async () => {
      if (++open === 12) all();
      await allOpen;
      await sql`SELECT pg_sleep(0.1)`.execute(database.read);
    });
  await sql`SELECT 1`.execute(database.read);
  const reading = Promise.allSettled(Array.from({ length: 12 }, reads));
  await allOpen;
  // A turn later all of them have asked for a connection, and there are fewer.
  await new Promise((turn) => setImmediate(turn));
  await database.close();
  expect((await reading).map(({ status }) => status)).toEqual(Array(12).fill('fulfilled'));
});

test('a transaction that ended cannot be used', async () => {
  const tx = await test_.database.transaction(async (open) => open);
  expect(() => test_.database.on(tx)).toThrow('not open');
});

test('J3: a second migration run applies nothing', async () => {
  expect(await migrate(test_.database.pool)).toMatchObject({ applied: [], roles: true });
});

test('J3: a migration that was changed after it had been applied is refused', async () => {
  await test_.database.pool.query(
    "INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, '9999_x.sql', 'x')",
  );
  await expect(migrate(test_.database.pool)).rejects.toMatchObject({ code: 'misconfigured' });
});
