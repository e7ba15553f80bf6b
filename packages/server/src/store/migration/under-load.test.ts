import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase, withClient } from '../testing/database.ts';
import { applyMigration } from './apply.ts';

/*
 * What the kinds of statement that are let through do to somebody who writes meanwhile. A million rows with
 * PORTREEVE_LONG=1, fewer without.
 */

const ROWS = process.env.PORTREEVE_LONG ? 1_000_000 : 30_000;
const WAIT_MS_MAX = 30_000;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await db.database.pool.query(
    `INSERT INTO runs (id, workflow, release, requester, state, body, attachments, created_at)
     SELECT 'run_' || n, 'demo', 'sha256:0', 'prn_' || n % 100, 'completed', repeat('x', 400), '[]', now()
       FROM generate_series(1, $1::int) n`,
    [ROWS],
  );
  if (!process.env.PORTREEVE_LONG) console.log(`${ROWS} rows; PORTREEVE_LONG=1 takes a million`);
}, 300_000);
afterAll(() => db.close());

/** Writes all the while; gives the longest that one write took, and how many there were. */
async function writingWhile(work: () => Promise<unknown>): Promise<{ longest_ms: number; writes: number }> {
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  let isDone = false;
  let [longest_ms, writes] = [0, 0];
  const writing = (async () => {
    while (!isDone) {
      const began = performance.now();
      await client.query(`UPDATE runs SET ending = 'it went on' WHERE id = 'run_' || $1::int`, [(writes % ROWS) + 1]);
      longest_ms = Math.max(longest_ms, performance.now() - began);
      writes++;
      await delay(1);
    }
  })();
  await work().finally(() => {
    isDone = true;
  });
  await writing;
  await client.end();
  return { longest_ms, writes };
}

const migration = (number: number, sql: string) => ({ number, name: `${number}_wished.sql`, sql, checksum: 'x' });
const apply = (number: number, sql: string, how = {}) =>
  withClient(db.url, (client) => applyMigration(client, migration(number, sql), how));

describe('J3: somebody who writes hardly notices', { timeout: 300_000 }, () => {
  test.each([
    [9001, "ALTER TABLE runs ADD COLUMN wished text NOT NULL DEFAULT 'a value'"],
    [9002, "ALTER TABLE runs ADD CONSTRAINT wished CHECK (wished <> '') NOT VALID"],
    [9003, 'ALTER TABLE runs VALIDATE CONSTRAINT wished'],
    [9007, 'CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_wished ON runs (wished)'],
    [9004, 'ALTER TABLE runs ALTER COLUMN wished DROP DEFAULT, DROP CONSTRAINT wished'],
    [9005, 'DROP INDEX runs_by_end'],
    [9006, 'CREATE TABLE wished (run text REFERENCES runs (id)); CREATE INDEX wished_run ON wished (run)'],
  ])('J3: %i %s', async (number, sql) => {
    const { longest_ms, writes } = await writingWhile(() => apply(number, sql));
    console.log(`${sql}: ${writes} writes, the longest ${Math.round(longest_ms)} ms, on ${ROWS} rows`);
    expect(longest_ms).toBeLessThan(WAIT_MS_MAX);
  });
});

test('J3: an index that an attempt left half made is made anew', { timeout: 60_000 }, async () => {
  await withClient(db.url, async (client) => {
    const sql = 'CREATE UNIQUE INDEX CONCURRENTLY runs_half ON runs (workflow)';
    await expect(client.query(sql)).rejects.toMatchObject({ code: '23505' });
  });
  await apply(9008, 'CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_half ON runs (workflow)');
  const { rows } = await db.database.pool.query(
    `SELECT indisvalid AS valid, indisunique AS is_unique FROM pg_index WHERE indexrelid = 'runs_half'::regclass`,
  );
  expect(rows).toEqual([{ valid: true, is_unique: false }]);
});

describe('J3: a transaction that does not end', { timeout: 60_000 }, () => {
  const sql = 'ALTER TABLE runs ADD COLUMN later text';
  /** Holds the table as a long report does. */
  const reading = async (work: () => Promise<unknown>, ended: (client: pg.Client) => Promise<unknown> | undefined) =>
    withClient(db.url, async (client) => {
      await client.query('BEGIN; SELECT count(*) FROM runs WHERE false');
      await Promise.all([work(), ended(client)]);
    });

  test('J3: never stops everybody: the migration lets go, and says what to do', async () => {
    const how = { timeout_ms: 200, pause_ms: 100, tries: 3 };
    let failure: unknown;
    await reading(
      async () => {
        const { longest_ms } = await writingWhile(async () => {
          failure = await apply(9010, sql, how).catch((error: unknown) => error);
        });
        // Who writes waits for the lock that is waited for, and no longer than that is asked for.
        expect(longest_ms).toBeLessThan(5000);
      },
      () => undefined,
    );
    expect(failure).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('never free') });
    const { rows } = await db.database.pool.query('SELECT 1 FROM schema_migrations WHERE number = 9010');
    expect(rows).toEqual([]);
  });

  test('J3: and once it has ended, the migration goes through', async () => {
    await reading(
      () => apply(9011, sql, { timeout_ms: 100, pause_ms: 50, tries: 200 }),
      async (client) => {
        await delay(500);
        await client.query('COMMIT');
      },
    );
    const { rows } = await db.database.pool.query('SELECT name FROM schema_migrations WHERE number = 9011');
    expect(rows).toEqual([{ name: '9011_wished.sql' }]);
  });
});

test('J3: and a writer that would wait for each other: the migration gives way, and goes through afterwards', {
  timeout: 60_000,
}, async () => {
  await withClient(db.url, async (client) => {
    // Whose patience ends first finds the deadlock, and loses: never the writer here.
    await client.query(`SET deadlock_timeout = '1min'; BEGIN; LOCK TABLE proposals IN ROW EXCLUSIVE MODE`);
    const both = 'ALTER TABLE runs ADD COLUMN both1 text; ALTER TABLE proposals ADD COLUMN both2 text';
    const applied = apply(9012, both, { timeout_ms: 30_000, pause_ms: 50 });
    applied.catch(() => undefined);
    const waits = "SELECT 1 FROM pg_locks WHERE relation = 'proposals'::regclass AND NOT granted";
    while ((await db.database.pool.query(waits)).rowCount === 0) await delay(10);
    await client.query('SELECT count(*) FROM runs WHERE false');
    await client.query('COMMIT');
    await applied;
  });
  const { rows } = await db.database.pool.query('SELECT name FROM schema_migrations WHERE number = 9012');
  expect(rows).toEqual([{ name: '9012_wished.sql' }]);
});
