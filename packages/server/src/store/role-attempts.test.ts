import { prepareEngine } from '@portreeve/run';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASE_ROLES, engineRightsOf, groupOf, rightsOf } from './role-rights.ts';
import { ensureEngineRights } from './roles.ts';
import { type TestDatabase, testDatabase, withClient } from './testing/database.ts';

/*
 * Every right that a role has not, tried: each kind of statement on each table, and on each column where a role may do it to
 * some columns. The database's own answer counts, not its catalogue.
 */

interface Try {
  readonly table: string;
  readonly right: string;
  readonly column: string | null;
  readonly sql: string;
}

let db: TestDatabase;
let tries: Try[];
beforeAll(async () => {
  db = await testDatabase();
  await prepareEngine(db.url);
  await ensureEngineRights(db.database.pool);
  // In the database, as there are thousands: the code of the error, or null where it went through. Nothing of it stays.
  await db.database.pool.query(`
    CREATE FUNCTION tried(statement text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
      EXECUTE statement;
      RAISE EXCEPTION USING ERRCODE = 'TRIED';
    EXCEPTION WHEN OTHERS THEN
      RETURN nullif(SQLSTATE, 'TRIED');
    END $$`);
  const { rows } = await db.database.pool.query<{ table: string; columns: string[] }>(`
    SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS "table",
           array_agg(a.attname::text ORDER BY a.attnum) AS columns
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname IN ('public', 'dbos') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     GROUP BY 1 ORDER BY 1`);
  tries = rows.flatMap(({ table, columns }) => triesOf(table, columns));
});
afterAll(() => db.close());

function triesOf(table: string, columns: readonly string[]): Try[] {
  const whole = (right: string, sql: string): Try => ({ table, right, column: null, sql });
  return [
    whole('SELECT', `SELECT * FROM ${table} LIMIT 0`),
    whole('INSERT', `INSERT INTO ${table} DEFAULT VALUES`),
    whole('DELETE', `DELETE FROM ${table} WHERE false`),
    whole('TRUNCATE', `TRUNCATE ${table}`),
    whole(
      'TRIGGER',
      `CREATE TRIGGER mine BEFORE INSERT ON ${table} EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()`,
    ),
    whole('OWN', `ALTER TABLE ${table} ADD COLUMN mine text`),
    ...columns.map((column) => ({
      ...{ table, right: 'UPDATE', column },
      sql: `UPDATE ${table} SET "${column}" = DEFAULT WHERE false`,
    })),
  ];
}

describe.each(DATABASE_ROLES)('F7 J2: portreeve_%s', (role) => {
  const held = () => {
    const engine = [...new Set(tries.map(({ table }) => table))].filter((table) => table.startsWith('dbos.'));
    const ofEngine = engineRightsOf(
      role,
      engine.map((table) => table.slice('dbos.'.length)),
    );
    return new Set(
      [...rightsOf(role), ...ofEngine].map(({ table, right, column }) => `${right} ${table} ${column ?? ''}`),
    );
  };
  const mayBy =
    (rights: ReadonlySet<string>) =>
    ({ table, right, column }: Try): boolean =>
      rights.has(`${right} ${table} `) ||
      (column !== null && rights.has(`${right} ${table} ${column}`)) ||
      (right === 'INSERT' && [...rights].some((each) => each.startsWith(`INSERT ${table} `)));

  test('F7 J2: is refused each right that it has not, and no right that it has', async () => {
    const may = mayBy(held());
    await withClient(db.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`SET LOCAL ROLE ${groupOf(role)}`);
      const { rows } = await client.query<{ code: string | null }>(
        'SELECT tried(sql) AS code FROM unnest($1::text[]) WITH ORDINALITY AS t (sql, n) ORDER BY n',
        [tries.map(({ sql }) => sql)],
      );
      const wrong = tries.flatMap((each, index) => {
        const code = rows[index]!.code;
        // A row that may be written and does not fit its table was not refused for a right.
        const refused = code === '42501';
        const isWrong = refused === may(each) || (code !== null && !refused && each.right !== 'INSERT');
        return isWrong ? [`${each.sql}: ${code ?? 'went through'}`] : [];
      });
      expect(wrong).toEqual([]);
      await client.query('ROLLBACK');
    });
    expect(tries.length).toBeGreaterThan(500);
  });
});

test('F7: a run is woken by whoever starts or carries runs, and by nobody else', async () => {
  const may = (role: string) =>
    withClient(db.url, async (client) => {
      await client.query(`SET SESSION AUTHORIZATION ${role}`);
      return client.query(`SELECT wake_run('run_of_nobody')`);
    });
  for (const role of ['api', 'gatekeeper', 'reasoner'] as const) expect((await may(groupOf(role))).rowCount).toBe(1);
  await expect(may(groupOf('executor'))).rejects.toMatchObject({ code: '42501' });
});
