import type pg from 'pg';

export interface Table {
  /** `schema.name`, of an alphabet that needs no quotes. */
  readonly name: string;
  readonly columns: readonly string[];
}

/** What each archive holds of the database; `none`: made anew, or no business of a backup. */
export type Place = 'log' | 'keys' | 'none';

/** What opens what others hold, or says who somebody is: with it, what was erased since would come back. */
const KEYS = ['public.subject_keys', 'public.pseudonyms'];
const NONE = [
  // The manifest has these.
  'public.schema_migrations',
  'dbos.dbos_migrations',
  // Made anew from the records. It holds words of people who may be erased later.
  'public.audit_index',
  // Who was signed in signs in again: a session that ended since must not come back.
  'public.identity_sessions',
  'public.identity_begun_sign_ins',
  // Good for one use, which may have been made since.
  'public.passkey_challenges',
  'public.passkey_invitations',
];
/** Parts of the log that were detached: an operator archives them as the tables that they are. */
const DETACHED = /^public\.audit_records_[0-9a-f]{16}_[0-9]+$/;

export function placeOf(table: string): Place {
  if (KEYS.includes(table)) return 'keys';
  return NONE.includes(table) || DETACHED.test(table) ? 'none' : 'log';
}

/** Every table of Portreeve and of the durable engine, each behind those that it refers to. */
export async function tablesOf(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; refers_to: string[] }>(`
    SELECT n.nspname || '.' || c.relname AS name,
      ARRAY(SELECT a.attname::text FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attnum) AS columns,
      ARRAY(SELECT DISTINCT fn.nspname || '.' || f.relname FROM pg_constraint AS k
        JOIN pg_class AS f ON f.oid = k.confrelid JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS refers_to
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'dbos') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY 1`);
  const left = new Map(rows.map((row) => [row.name, row]));
  const ordered: Table[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find((row) => row.refers_to.every((name) => !left.has(name)));
    if (!next) throw new Error(`tables refer to each other in a circle: ${[...left.keys()].join(', ')}`);
    left.delete(next.name);
    ordered.push({ name: next.name, columns: next.columns });
  }
  return ordered;
}

/** What made the tables: our migrations, and how far the engine's have come; `null` where it was never there. */
export async function schemaOf(client: pg.ClientBase) {
  const { rows } = await client.query<{ number: number; name: string; checksum: string }>(
    'SELECT number, name, checksum FROM schema_migrations ORDER BY number',
  );
  return { migrations: rows, engine: await engineVersion(client) };
}

export async function engineVersion(client: pg.ClientBase): Promise<number | null> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('dbos.dbos_migrations') IS NOT NULL AS there",
  );
  if (!rows[0]?.there) return null;
  const found = await client.query<{ version: string }>('SELECT version FROM dbos.dbos_migrations');
  return Number(found.rows[0]?.version ?? 0);
}

/** How values are written as text and read back, whatever the session or the server is set to. */
export const EXACT_TEXT = `
  SET LOCAL datestyle = 'ISO, YMD';
  SET LOCAL intervalstyle = 'postgres';
  SET LOCAL timezone = 'UTC';
  SET LOCAL bytea_output = 'hex';
  SET LOCAL extra_float_digits = 1;
  SET LOCAL statement_timeout = 0`;
