import type pg from 'pg';
import { blocks, type Effect, effectsOf, madeBy } from './effects.ts';
import { codeOf, noteOf, splitStatements } from './split.ts';

/** One statement that would run, and what it does to a table that is there. */
export interface PlannedStatement {
  readonly statement: string;
  readonly effects: readonly PlannedEffect[];
  /** Why it may hold its lock, where its author says so. */
  readonly held: string | null;
  /** What it takes from the version before, which therefore cannot run on the schema any more; null: nothing. */
  readonly contracts: string | null;
}

export interface PlannedEffect extends Effect {
  /** What waits meanwhile. */
  readonly blocks: ReturnType<typeof blocks>;
  /** Rows and bytes of the table now, by the database's own estimate; null where it is not known which table it is. */
  readonly rows: number | null;
  readonly bytes: number | null;
  /** For about how long, on the table as it is; null where that is not known. */
  readonly seconds: number | null;
}

export interface PlannedMigration {
  readonly name: string;
  readonly statements: readonly PlannedStatement[];
}

/** Bytes a second, on the slow side of what a small cloud disk does. */
const RATE = { scan: 100e6, index: 20e6, rewrite: 10e6 } as const;
const STATEMENT_CHARS_MAX = 200;

/**
 * What migrations would do on this database, each statement with the locks that it takes, on which table, and for about how
 * long. Changes nothing, and refuses nothing.
 */
export async function planOf(
  pool: Pick<pg.Pool, 'query'>,
  migrations: readonly { readonly name: string; readonly sql: string }[],
): Promise<PlannedMigration[]> {
  const made = new Set<string>();
  const planned: PlannedMigration[] = [];
  for (const { name, sql } of migrations) {
    const statements = splitStatements(sql);
    for (const table of madeBy(statements)) made.add(table);
    const each: PlannedStatement[] = [];
    for (const statement of statements) {
      const effects = effectsOf(statement).filter(({ on }) => !made.has(on));
      each.push({
        statement: shortened(codeOf(statement)),
        effects: await Promise.all(effects.map((effect) => measured(pool, effect))),
        held: noteOf(statement, 'held'),
        contracts: noteOf(statement, 'contracts'),
      });
    }
    planned.push({ name, statements: each });
  }
  return planned;
}

async function measured(pool: Pick<pg.Pool, 'query'>, effect: Effect): Promise<PlannedEffect> {
  const blocked = { ...effect, blocks: blocks(effect.lock) };
  // Of an index its table; of a table that is partitioned all its parts.
  const { rows } = await pool.query<{ name: string; rows: string; bytes: string }>(
    `WITH named AS (SELECT coalesce(i.indrelid, c.oid) AS oid
                      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
                     WHERE c.oid = to_regclass($1))
     SELECT (SELECT relname FROM pg_class WHERE oid = named.oid) AS name,
            sum(greatest(p.reltuples, 0))::bigint AS rows, sum(pg_table_size(p.oid))::bigint AS bytes
       FROM named, LATERAL (SELECT relid FROM pg_partition_tree(named.oid) UNION SELECT named.oid) t (relid)
       JOIN pg_class p ON p.oid = t.relid
      GROUP BY named.oid`,
    [effect.on],
  );
  const [found] = rows;
  if (!found) return { ...blocked, rows: null, bytes: null, seconds: null };
  const bytes = Number(found.bytes);
  const seconds = effect.work === 'none' ? 0 : bytes / RATE[effect.work];
  return { ...blocked, on: found.name, rows: Number(found.rows), bytes, seconds: Math.ceil(seconds * 10) / 10 };
}

const shortened = (code: string): string =>
  code.length > STATEMENT_CHARS_MAX ? `${code.slice(0, STATEMENT_CHARS_MAX)} …` : code;
