import { PortreeveError } from '@portreeve/contract';
import type pg from 'pg';
import {
  DATABASE_ROLES,
  type DatabaseRole,
  ENGINE_RIGHTS,
  ENGINE_SCHEMA,
  groupOf,
  ROLE_RIGHTS,
  rightsOf,
} from './role-rights.ts';

type Queries = Pick<pg.Client | pg.Pool, 'query'>;

/**
 * Makes the group roles of this cluster where they are missing, and gives each exactly what `role-rights.ts` says. False
 * where the user may not make roles: nothing is granted then, and processes apart cannot be told from each other by the
 * database. Call it under the lock of the migrations, as the owner of the tables.
 */
export async function ensureRoles(client: Queries): Promise<boolean> {
  for (const role of DATABASE_ROLES) if (!(await made(client, groupOf(role)))) return false;
  const tables = await presentTables(client);
  const wanted = DATABASE_ROLES.flatMap((role) =>
    rightsOf(role).flatMap(({ table, right, column }) =>
      tables.includes(table) ? [`${groupOf(role)} ${table} ${column ?? ''} ${right}`] : [],
    ),
  );
  const present = (await grantedRights(client)).map(
    ({ role, table, column, right }) => `${role} ${table} ${column ?? ''} ${right}`,
  );
  if (wanted.sort().join() === present.sort().join()) return true;
  const groups = DATABASE_ROLES.map(groupOf).join(', ');
  // INVARIANT: both or nothing, so that no moment has more rights than are listed.
  await client.query(
    [
      'BEGIN',
      `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${groups}`,
      ...Object.entries(ROLE_RIGHTS).flatMap(([table, byRole]) =>
        tables.includes(table)
          ? Object.entries(byRole).map(
              ([role, rights]) => `GRANT ${rights} ON ${table} TO ${groupOf(role as DatabaseRole)}`,
            )
          : [],
      ),
      'COMMIT',
    ].join(';\n'),
  );
  return true;
}

/**
 * Gives roles what `ENGINE_RIGHTS` says of the engine's tables. Call it as their owner, once they are there. Throws
 * `misconfigured` where there are no roles to give it to.
 */
export async function ensureEngineRights(client: Queries): Promise<void> {
  if (!(await hasRoles(client)))
    throw new PortreeveError('misconfigured', 'This database has no roles for processes that run apart.', {
      next: 'Start it once as a user with CREATEROLE, which makes them.',
    });
  await client.query(
    [
      'BEGIN',
      // One at a time, as two that grant at once trip over each other.
      `SELECT pg_advisory_xact_lock(hashtext('${ENGINE_SCHEMA}'), 0)`,
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${ENGINE_SCHEMA} FROM ${DATABASE_ROLES.map(groupOf).join(', ')}`,
      // It acts with its owner's rights, and PostgreSQL lets everybody call a new function.
      'REVOKE ALL ON FUNCTION wake_run(text) FROM PUBLIC',
      `GRANT EXECUTE ON FUNCTION wake_run(text) TO ${Object.keys(ENGINE_RIGHTS)
        .map((role) => groupOf(role as DatabaseRole))
        .join(', ')}`,
      ...Object.entries(ENGINE_RIGHTS).flatMap(([role, rights]) => [
        `GRANT USAGE ON SCHEMA ${ENGINE_SCHEMA} TO ${groupOf(role as DatabaseRole)}`,
        ...Object.entries(rights).map(
          ([table, granted]) =>
            `GRANT ${granted} ON ${table === '*' ? `ALL TABLES IN SCHEMA ${ENGINE_SCHEMA}` : `${ENGINE_SCHEMA}.${table}`} TO ${groupOf(role as DatabaseRole)}`,
        ),
      ]),
      'COMMIT',
    ].join(';\n'),
  );
}

/** Whether the cluster has the group role of each of our roles. */
export async function hasRoles(client: Queries): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = ANY ($1)', [
    DATABASE_ROLES.map(groupOf),
  ]);
  return rowCount === DATABASE_ROLES.length;
}

/** Every right on a table or a column of ours that one of the group roles has, as the database has it. */
export async function grantedRights(
  client: Queries,
): Promise<{ role: string; table: string; column: string | null; right: string }[]> {
  const { rows } = await client.query(
    `SELECT r.rolname AS role, c.relname AS "table", NULL AS "column", acl.privilege_type AS "right"
       FROM pg_class c, aclexplode(c.relacl) acl, pg_roles r
      WHERE c.relnamespace = 'public'::regnamespace AND r.oid = acl.grantee AND r.rolname = ANY ($1)
      UNION ALL
     SELECT r.rolname, c.relname, a.attname, acl.privilege_type
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) acl, pg_roles r
      WHERE c.relnamespace = 'public'::regnamespace AND r.oid = acl.grantee AND r.rolname = ANY ($1)`,
    [DATABASE_ROLES.map(groupOf)],
  );
  return rows;
}

/** The tables of ours that this database has. Partitions have no rights of their own: who asks their table needs none. */
export async function presentTables(client: Queries): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

/** Whether the role is there now. Roles belong to the whole cluster: another database may have made it, or be making it. */
async function made(client: Queries, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  if (rowCount === 1) return true;
  try {
    await client.query(`CREATE ROLE ${name} NOLOGIN`);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === '42501') return false;
    if (code !== '42710' && code !== '23505') throw error;
  }
  return true;
}
