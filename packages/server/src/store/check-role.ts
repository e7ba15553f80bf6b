import type pg from 'pg';
import { isOfNewer } from './migrate.ts';
import { type DatabaseRole, ENGINE_SCHEMA, engineRightsOf, groupOf, rightsOf } from './role-rights.ts';

export interface RoleFaults {
  /** What the user may and its role may not. */
  readonly more: readonly string[];
  /** What its role may and the user may not. */
  readonly less: readonly string[];
}

/**
 * Compares what the user of this connection may do with what its role may: tables, columns, schemas, other roles. On the
 * schema of a newer version the role may also what the database gives it: that version knows what it is for.
 */
export async function checkRole(pool: Pick<pg.Pool, 'query'>, role: DatabaseRole): Promise<RoleFaults> {
  const { rows: held } = await pool.query<{ table: string; right: string; column: string | null; given: boolean }>(
    `
    WITH tables AS (
      SELECT c.oid, CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        AND has_schema_privilege(n.oid, 'USAGE')
    )
    SELECT t.name AS "table", r."right", NULL AS "column", has_table_privilege($1, t.oid, r."right") AS given
    FROM tables t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) r("right")
    WHERE has_table_privilege(t.oid, r."right")
    UNION ALL
    SELECT t.name, r."right", a.attname, has_column_privilege($1, t.oid, a.attnum, r."right")
    FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) r("right")
    WHERE NOT has_table_privilege(t.oid, r."right") AND has_column_privilege(t.oid, a.attnum, r."right")`,
    [groupOf(role)],
  );
  const { rows: beside } = await pool.query<{ what: string }>(
    `SELECT 'CREATE in schema ' || nspname AS what FROM pg_namespace
      WHERE nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(oid, 'CREATE')
      UNION ALL
     SELECT 'CREATE in this database' WHERE has_database_privilege(current_database(), 'CREATE')
      UNION ALL
     SELECT 'the role ' || rolname FROM pg_roles
      WHERE rolname NOT IN (current_user, $1) AND pg_has_role(current_user, oid, 'MEMBER')
      UNION ALL
     SELECT 'an attribute of an administrator' FROM pg_roles
      WHERE rolname = current_user AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)`,
    [groupOf(role)],
  );
  const named = ({ table, right, column }: { table: string; right: string; column: string | null }) =>
    `${right} on ${table}${column === null ? '' : ` (${column})`}`;
  const has = new Set(held.map(named));
  const { rows: engine } = await pool.query<{ table: string }>(
    `SELECT c.relname AS "table" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')`,
    [ENGINE_SCHEMA],
  );
  const ofEngine = engineRightsOf(
    role,
    engine.map(({ table }) => table),
  );
  const wanted = new Set([...rightsOf(role), ...ofEngine].map(named));
  const unknown = held.filter((right) => !wanted.has(named(right)));
  const more = unknown.length > 0 && (await isOfNewer(pool)) ? unknown.filter(({ given }) => !given) : unknown;
  return {
    more: [...more.map(named), ...beside.map(({ what }) => what)].sort(),
    // Who has a right on the whole table has it on each column.
    less: [...wanted].filter((right) => !has.has(right) && !has.has(right.replace(/ \([^)]*\)$/, ''))).sort(),
  };
}
