import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../database.ts';
import { migrate, pendingMigrations } from '../migrate.ts';
import { unexplained } from '../testing/additive.ts';
import { emptyTestDatabase, withClient } from '../testing/database.ts';

import { CONCURRENTLY } from './apply.ts';
import { blocks, type Effect, effectsOf, LOCK_MODES, madeBy } from './effects.ts';
import { planOf } from './plan.ts';
import { RELEASED_SCHEMAS } from './released.ts';
import { codeOf, noteOf, splitStatements } from './split.ts';

const FOLDER = new URL('../migrations/', import.meta.url);
const names = (await readdir(FOLDER)).sort();
const files = await Promise.all(
  names.map(async (name) => {
    const sql = await readFile(new URL(name, FOLDER), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    return { name, number: Number(name.slice(0, 4)), checksum, statements: splitStatements(sql) };
  }),
);
const RUNS = `INSERT INTO runs (id, workflow, release, requester, state, body, attachments, created_at)
  SELECT 'run_' || n, 'demo', 'sha256:0', 'prn_' || n % 100, 'completed', repeat('x', 400), '[]', now()
  FROM generate_series(1, $1::int) n`;
/** The first schema that somebody may have data in. What came before was only ever run on empty tables. */
const FIRST = RELEASED_SCHEMAS[0]!;

describe('J3: every migration, as it runs', () => {
  /** By migration and statement: what PostgreSQL locked, and which tables it wrote anew. */
  const seen = new Map<string, { locks: Map<string, string>; rewritten: string[] }>();
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const database = await emptyTestDatabase();
    drop = database.drop;
    await withClient(database.url, async (client) => {
      await client.query('CREATE TABLE schema_migrations (number integer PRIMARY KEY, name text, checksum text)');
      const tables = async (): Promise<Map<string, string>> => {
        const { rows } =
          await client.query(`SELECT relname AS name, pg_relation_filenode(oid)::text AS node FROM pg_class
          WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`);
        return new Map(rows.map(({ name, node }) => [name, node]));
      };
      for (const { name, statements } of files)
        for (const [index, statement] of statements.entries()) {
          if (CONCURRENTLY.test(codeOf(statement))) {
            // In no transaction, and beside those who write.
            await client.query(statement);
            seen.set(`${name}#${index}`, { locks: new Map(), rewritten: [] });
            continue;
          }
          const before = await tables();
          await client.query('BEGIN');
          await client.query(statement);
          // A partitioned table and its parts are locked together, whichever is named.
          const { rows } =
            await client.query(`SELECT regexp_replace(c.relname, '_other$', '') AS name, upper(regexp_replace(
              regexp_replace(l.mode, 'Lock$', ''), '([a-z])([A-Z])', '\\1 \\2', 'g')) AS mode
            FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE l.pid = pg_backend_pid() AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`);
          await client.query('COMMIT');
          const after = await tables();
          const locks = new Map<string, string>();
          for (const lock of rows)
            if (before.has(lock.name) && rank(lock.mode) > rank(locks.get(lock.name) ?? ''))
              locks.set(lock.name, lock.mode);
          const rewritten = [...before].flatMap(([table, node]) => {
            const now = after.get(table);
            return now === undefined || now === node ? [] : [table];
          });
          seen.set(`${name}#${index}`, { locks, rewritten });
        }
    });
  }, 60_000);
  afterAll(() => drop?.());

  test.each(files)('J3: $name takes no lock that is not foreseen, and writes no table anew', ({ name, statements }) => {
    for (const [index, statement] of statements.entries()) {
      const { locks, rewritten } = seen.get(`${name}#${index}`)!;
      const foreseen = effectsOf(statement);
      const all = foreseen.some(({ on }) => on === '*');
      for (const [table, mode] of locks) {
        const known = foreseen.filter(({ on }) => on === table || on === `${table}_other` || isIndex(on));
        const most = Math.max(-1, ...known.map(({ lock }) => rank(lock)));
        expect(all || most >= rank(mode), `${mode} on ${table} by: ${statement}`).toBe(true);
      }
      for (const table of rewritten)
        expect(
          all || foreseen.some(({ on, work }) => on === table && work === 'rewrite'),
          `${table} is written anew by: ${statement}`,
        ).toBe(true);
    }
  });
});

const rank = (mode: string): number => LOCK_MODES.indexOf(mode as never);
const isIndex = (name: string): boolean =>
  files.some(({ statements }) => statements.some((s) => s.includes(`INDEX ${name} ON`)));

/** What keeps others waiting for as long as the table is big. */
const isRisky = ({ lock, work, on }: Effect): boolean =>
  on === '*' || (work !== 'none' && (blocks(lock) !== 'nothing' || work === 'rewrite'));

/** The statements of a migration that could stop a server for long, and do not say why they may. */
function faultsOf(statements: readonly string[]): string[] {
  const made = madeBy(statements);
  const outside = statements.filter((statement) => /\bCONCURRENTLY\b/i.test(codeOf(statement)));
  // Such a statement cannot be in a transaction with others, and may be repeated.
  if (outside.length > 0) return statements.length === 1 && CONCURRENTLY.test(codeOf(outside[0]!)) ? [] : outside;
  return statements.filter(
    (statement) =>
      noteOf(statement, 'held') === null &&
      effectsOf(statement).some((effect) => !made.has(effect.on) && isRisky(effect)),
  );
}

/** Tables that are there and that others wait for. Two of them in one transaction, and it and a writer wait for each other. */
function lockedTogether(statements: readonly string[]): string[] {
  const made = madeBy(statements);
  const named = statements.filter((statement) => noteOf(statement, 'held') === null).flatMap(effectsOf);
  return [...new Set(named.filter(({ on, lock }) => !made.has(on) && blocks(lock) !== 'nothing').map(({ on }) => on))];
}
/** It was applied before it was known: one that loses asks again. */
const BEFORE_THE_RULE = ['0082_pilots.sql'];

describe('J3: every migration since the first released schema', () => {
  const since = files.filter(({ number, name }) => number > FIRST.schema && !BEFORE_THE_RULE.includes(name));
  test.each(since)('J3: $name locks one table that is there, or none', ({ statements }) => {
    // If you are here because this failed: cut it into a migration for each table.
    expect(lockedTogether(statements).slice(1)).toEqual([]);
  });

  test('a canary: two tables in one migration are found, unless it says why', () => {
    const alter = (table: string) => `ALTER TABLE ${table} ADD COLUMN a text`;
    expect(lockedTogether([alter('runs'), alter('grants')])).toEqual(['runs', 'grants']);
    expect(lockedTogether([alter('runs'), `-- held: nobody writes to it\n${alter('grants')}`])).toEqual(['runs']);
    expect(lockedTogether(['CREATE TABLE fresh (id text)', alter('fresh'), alter('runs')])).toEqual(['runs']);
  });

  test.each(files.filter(({ number }) => number > FIRST.schema))('J3: $name is safe under load', ({ statements }) => {
    // If you are here because this failed: make the index on a new table or CONCURRENTLY in a migration of its own; add a
    // CHECK as NOT VALID and validate it in the next migration; fill a column in portions while the server runs. Where none
    // of that goes, say why the lock may be held, as `-- held: REASON` before the statement.
    expect(faultsOf(statements)).toEqual([]);
  });

  test.each([
    'CREATE INDEX i ON runs (state)',
    'ALTER TABLE runs ADD CONSTRAINT c CHECK (state IS NOT NULL)',
    'ALTER TABLE runs ALTER COLUMN state TYPE integer USING 1',
    'ALTER TABLE runs ALTER COLUMN result SET NOT NULL',
    'ALTER TABLE runs ADD COLUMN id2 uuid DEFAULT gen_random_uuid()',
    'ALTER TABLE runs ADD COLUMN a text, ADD COLUMN b text GENERATED ALWAYS AS (state) STORED',
    'ALTER TABLE runs ADD COLUMN a text CHECK (a <> $$,$$)',
    "UPDATE runs SET state = 'x'",
    'ALTER TABLE runs ADD UNIQUE (state)',
    'DO $$ BEGIN END $$',
    'ALTER TABLE runs SET UNLOGGED',
    'SELECT something()',
    'CREATE INDEX CONCURRENTLY i ON runs (state)',
  ])('a canary: %s is found', (statement) => {
    expect(faultsOf([statement])).toEqual([statement]);
    if (!/CONCURRENTLY/.test(statement))
      expect(faultsOf([`-- held: a moment, as the table holds a row for each release\n${statement}`])).toEqual([]);
  });

  test.each([
    'CREATE TABLE fresh (id text); CREATE INDEX i ON fresh (id); UPDATE fresh SET id = 1',
    'ALTER TABLE runs ADD COLUMN a text; ALTER TABLE runs ADD COLUMN b integer NOT NULL DEFAULT 0',
    'ALTER TABLE runs ADD CONSTRAINT c CHECK (state IS NOT NULL) NOT VALID',
    'ALTER TABLE runs VALIDATE CONSTRAINT c',
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON runs (state)',
    'DROP INDEX runs_by_end',
    'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE runs SET a = 1; END $$',
  ])('a canary: %s is let through', (sql) => expect(faultsOf(splitStatements(sql))).toEqual([]));
});

describe('J2: the version before runs on the schema of the next one', () => {
  test.each(files.filter(({ number }) => number > FIRST.schema))('J2: on that of $name', ({ statements }) => {
    // If you are here because this failed: add first, and take away a version later. Where the statement takes nothing that
    // the version before uses, say why, as `-- keeps: REASON` before it. Where it must, say what, as `-- contracts: REASON`:
    // the version before then refuses to start on this schema, and an upgrade has to stop it first.
    expect(unexplained(statements)).toEqual([]);
  });

  test.each([
    'ALTER TABLE runs DROP COLUMN state',
    'ALTER TABLE runs RENAME COLUMN state TO stage',
    'ALTER TABLE runs ADD COLUMN a text NOT NULL',
    'ALTER TABLE runs ADD COLUMN a text, ADD COLUMN b text NOT NULL',
    'ALTER TABLE runs ADD COLUMN a text, DROP COLUMN state',
    'ALTER TABLE runs ADD CONSTRAINT c CHECK (state IS NOT NULL) NOT VALID',
    'ALTER TABLE runs ALTER COLUMN state TYPE integer USING 1',
    'ALTER TABLE runs ALTER COLUMN result SET NOT NULL',
    'ALTER TABLE runs DROP CONSTRAINT runs_pkey',
    'CREATE UNIQUE INDEX i ON runs (workflow)',
    'CREATE TRIGGER t BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION f()',
    'CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$',
    'CREATE TABLE audit_9 PARTITION OF audit_records FOR VALUES IN (9)',
    'DROP TABLE runs',
    'DROP INDEX runs_by_end',
    'REVOKE SELECT ON runs FROM portreeve_api',
    "UPDATE runs SET state = 'x'",
    'DELETE FROM runs',
    'SELECT something()',
  ])('a canary: %s is found', (statement) => {
    expect(unexplained([statement])).toEqual([statement]);
    for (const note of ['keeps', 'contracts']) expect(unexplained([`-- ${note}: a reason\n${statement}`])).toEqual([]);
  });

  test.each([
    'CREATE TABLE fresh (id text NOT NULL); CREATE UNIQUE INDEX i ON fresh (id); ALTER TABLE fresh DROP COLUMN id',
    'CREATE TABLE fresh (id text); CREATE TRIGGER t BEFORE INSERT ON fresh FOR EACH ROW EXECUTE FUNCTION f()',
    "ALTER TABLE runs ADD COLUMN a text, ADD COLUMN b text NOT NULL DEFAULT 'x,y'",
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON runs (state)',
    'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$',
  ])('a canary: %s is let through', (sql) => expect(unexplained(splitStatements(sql))).toEqual([]));
});

describe.each(RELEASED_SCHEMAS)('J3: from the schema of $version', ({ schema, files: released }) => {
  test('J3: what it was released with is as it was', () => {
    const now = files.filter(({ number }) => number <= schema).map(({ name, checksum }) => [name, checksum]);
    expect(Object.fromEntries(now)).toEqual(released);
  });

  test('J3: a database comes up to date, and its rows are there', async () => {
    const { url, drop } = await emptyTestDatabase();
    const database = new Database(url);
    try {
      await migrate(database.pool, schema);
      await database.pool.query(RUNS, [1000]);
      const { applied } = await migrate(database.pool);
      expect(applied).toEqual(files.filter(({ number }) => number > schema).map(({ name }) => name));
      const { rows } = await database.pool.query('SELECT count(*)::int AS many FROM runs');
      expect(rows).toEqual([{ many: 1000 }]);
      expect((await migrate(database.pool)).applied).toEqual([]);
    } finally {
      await database.close();
      await drop();
    }
  });

  test('J3: of several processes that start at once one brings it up to date, and the others wait', async () => {
    const { url, drop } = await emptyTestDatabase();
    const databases = [1, 2, 3].map(() => new Database(url));
    try {
      await migrate(databases[0]!.pool, schema);
      const done = await Promise.all(databases.map(({ pool }) => migrate(pool)));
      expect(done.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    } finally {
      for (const database of databases) await database.close();
      await drop();
    }
  });

  test('J3: the plan names each statement with its locks, and changes nothing', async () => {
    const { url, drop } = await emptyTestDatabase();
    const database = new Database(url);
    try {
      await migrate(database.pool, schema);
      await database.pool.query(RUNS, [50_000]);
      await database.pool.query('ANALYZE runs');
      const { rows: before } = await database.pool.query('SELECT * FROM schema_migrations');
      const wished = { name: '9999_wished.sql', sql: 'ALTER TABLE runs ADD CONSTRAINT c CHECK (id <> $$$$); SELECT 1' };
      const [check, unknown] = (await planOf(database.pool, [wished]))[0]!.statements;
      expect(check!.effects).toEqual([
        {
          ...{ on: 'runs', lock: 'ACCESS EXCLUSIVE', work: 'scan', blocks: 'reads and writes' },
          ...{ rows: 50_000, bytes: expect.any(Number), seconds: expect.any(Number) },
        },
      ]);
      expect(check!.effects[0]!.bytes).toBeGreaterThan(1_000_000);
      expect(unknown!.effects).toEqual([expect.objectContaining({ on: '*', rows: null, seconds: null })]);
      const pending = await pendingMigrations(database.pool);
      expect(pending.map(({ name }) => name)).toEqual(
        files.filter(({ number }) => number > schema).map(({ name }) => name),
      );
      // What a migration makes itself nobody waits for.
      const asks = (await planOf(database.pool, pending)).find(({ name }) => name === '0086_gate_asks.sql');
      expect(asks!.statements.flatMap(({ effects }) => effects)).toEqual([]);
      expect((await database.pool.query('SELECT * FROM schema_migrations')).rows).toEqual(before);
    } finally {
      await database.close();
      await drop();
    }
  });
});
