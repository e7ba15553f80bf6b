import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkRole } from './check-role.ts';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { DATABASE_ROLES, groupOf, ROLE_RIGHTS, rightsOf } from './role-rights.ts';
import { ensureRoles, grantedRights, presentTables } from './roles.ts';
import { type TestDatabase, testDatabase, withClient } from './testing/database.ts';

let db: TestDatabase;
const logins: string[] = [];
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  for (const name of logins) await db.database.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
  await db.close();
});

/** A login that is a member of some roles, connected to the database. */
async function login(membership: string): Promise<Database> {
  const name = `test_login_${randomBytes(6).toString('hex')}`;
  logins.push(name);
  await db.database.pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' ${membership}`);
  const url = new URL(db.url);
  url.username = name;
  url.password = 'x';
  return new Database(url.href, { max: 1 });
}

async function faults(membership: string) {
  const database = await login(membership);
  try {
    return await checkRole(database.pool, 'executor');
  } finally {
    await database.close();
  }
}

test('F7: every table has a row of rights, and every row has a table', async () => {
  // If you are here because this failed: a table was added or removed. Say in `role-rights.ts` which process needs what of
  // it. No row means no right; the least that works is the right answer.
  expect(Object.keys(ROLE_RIGHTS).sort()).toEqual(await presentTables(db.database.pool));
});

test.each(DATABASE_ROLES)('F7: the database gives portreeve_%s exactly what the table says', async (role) => {
  const line = ({ table, right, column }: { table: string; right: string; column: string | null }) =>
    `${right} ${table} ${column ?? ''}`;
  const granted = (await grantedRights(db.database.pool)).filter((each) => each.role === groupOf(role));
  expect(granted.map(line).sort()).toEqual(rightsOf(role).map(line).sort());
});

test('G2: nobody may change or remove what is in the record, and only the gatekeeper may sign its head', async () => {
  const audit = (await grantedRights(db.database.pool)).filter(
    ({ table }) => table.startsWith('audit_') && table !== 'audit_streams',
  );
  const line = ({ role, table, right }: { role: string; table: string; right: string }) => `${role} ${right} ${table}`;
  const others = audit
    .filter(({ right }) => right !== 'SELECT' && right !== 'INSERT')
    .map(line)
    .sort();
  // What waits for its place leaves for it, in the one process that gives places.
  // Of an erased record the words go, which are no part of what is proved.
  expect(others).toEqual(['portreeve_api UPDATE audit_index', 'portreeve_gatekeeper DELETE audit_pending']);
  const writers = audit.filter(({ table, right }) => right === 'INSERT' && /records|nodes|checkpoints/.test(table));
  expect(new Set(writers.map(({ role }) => role))).toEqual(new Set(['portreeve_gatekeeper']));
});

test('F7 G2: partitions of the record are made and taken out by who writes records, and nobody else', async () => {
  const as = (role: string, statement: string) =>
    withClient(db.url, async (client) => {
      await client.query(`SET SESSION AUTHORIZATION ${role}`);
      return client.query(statement);
    });
  const prepare = `SELECT audit_prepare('test.example/roles', 0, 0, 256)`;
  for (const role of ['portreeve_executor', 'portreeve_api', 'portreeve_reasoner']) {
    await expect(as(role, prepare)).rejects.toMatchObject({ code: '42501' });
    await expect(as(role, `SELECT audit_detach('test.example/roles', 256)`)).rejects.toMatchObject({ code: '42501' });
  }
  expect((await as('portreeve_gatekeeper', prepare)).rows).toEqual([{ audit_prepare: true }]);
});

test('F7: a right that was added or taken away by hand is put right by the next migration', async () => {
  await db.database.pool.query(
    'GRANT DELETE ON grants TO portreeve_executor; REVOKE SELECT ON runs FROM portreeve_api',
  );
  await db.database.pool.query('GRANT UPDATE (body) ON proposals TO portreeve_executor');
  await migrate(db.database.pool);
  const rights = await grantedRights(db.database.pool);
  expect(rights).toContainEqual({ role: 'portreeve_api', table: 'runs', column: null, right: 'SELECT' });
  expect(
    rights.filter(({ role, table }) => role === 'portreeve_executor' && /^(grants|proposals)$/.test(table)),
  ).toEqual(
    expect.arrayContaining([
      { role: 'portreeve_executor', table: 'grants', column: null, right: 'SELECT' },
      { role: 'portreeve_executor', table: 'grants', column: 'state', right: 'UPDATE' },
      { role: 'portreeve_executor', table: 'proposals', column: null, right: 'SELECT' },
    ]),
  );
  expect(rights.filter(({ role, table }) => role === 'portreeve_executor' && table === 'proposals')).toHaveLength(1);
});

test('F7: where roles may not be made, nothing is granted and it is said', async () => {
  const refused = {
    query: async (sql: string) => {
      if (sql.startsWith('SELECT 1 FROM pg_roles')) return { rowCount: 0, rows: [] };
      throw Object.assign(new Error('permission denied to create role'), { code: '42501' });
    },
  };
  expect(await ensureRoles(refused as never)).toBe(false);
});

describe('F7: the database user of an executor', () => {
  test('with its role alone has neither more nor less', async () => {
    expect(await faults('IN ROLE portreeve_executor')).toEqual({ more: [], less: [] });
  });

  test.each([
    ['the owner of the tables', 'SUPERUSER IN ROLE portreeve_executor', 'an attribute of an administrator'],
    ['a member of another role', 'IN ROLE portreeve_executor, portreeve_gatekeeper', 'INSERT on grants'],
    ['a member without inheriting', 'NOINHERIT IN ROLE portreeve_executor, portreeve_api', 'the role portreeve_api'],
    ['a reader of everything', 'IN ROLE portreeve_executor, pg_read_all_data', 'SELECT on run_values'],
    ['who may make roles', 'CREATEROLE IN ROLE portreeve_executor', 'an attribute of an administrator'],
  ])('who is %s has more', async (_, membership, right) => {
    expect((await faults(membership)).more).toContain(right);
  });

  test('J1: of a version before the schema has no more by what a newer one gives its role, and all the same by what is its own', async () => {
    const { pool } = db.database;
    await pool.query('CREATE TABLE of_newer (id int); GRANT SELECT, INSERT ON of_newer TO portreeve_executor');
    try {
      const given = ['INSERT on of_newer', 'SELECT on of_newer'];
      expect((await faults('IN ROLE portreeve_executor')).more).toEqual(given);
      await pool.query("INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, '9999_newer.sql', '')");
      expect(await faults('IN ROLE portreeve_executor')).toEqual({ more: [], less: [] });
      expect((await faults('IN ROLE portreeve_executor, pg_read_all_data')).more).toContain('SELECT on run_values');
    } finally {
      await pool.query('DELETE FROM schema_migrations WHERE number = 9999; DROP TABLE of_newer');
    }
  });

  test('of no role has less', async () => {
    const { more, less } = await faults('');
    expect(more).toEqual([]);
    expect(less).toContain('INSERT on executions');
  });
});

test('INV6 F6: whoever writes in the database, a grant leaves `issued` once, and nothing else of it changes', async () => {
  await withClient(db.url, async (client) => {
    await client.query(
      `INSERT INTO grants VALUES ('grt_1', 'prop_1', 'd', 'a', 'urn:x', 'issued', now(), now() + interval '1 minute')`,
    );
    for (const change of [`args_digest = 'b'`, `expires_at = now() + interval '1 day'`, `state = 'issued'`])
      await expect(client.query(`UPDATE grants SET ${change}`)).rejects.toMatchObject({ code: '42501' });
    await client.query(`UPDATE grants SET state = 'revoked'`);
    for (const state of ['issued', 'spent', 'expired'])
      await expect(client.query(`UPDATE grants SET state = '${state}'`)).rejects.toMatchObject({ code: '42501' });
  });
});
