import { setTimeout as delay } from 'node:timers/promises';
import { PortreeveError } from '@portreeve/contract';
import type pg from 'pg';
import { codeOf, noteOf, splitStatements } from './split.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** How long a statement waits for a lock: all who come after it wait with it. */
const LOCK_TIMEOUT_MS = 3000;
/** Between two attempts those who waited have their turn. */
const LOCK_PAUSE_MS = 2000;
const LOCK_TRIES = 10;
/** SQLSTATE of a lock that is not given in time, and of a deadlock that was ended at the cost of the migration. */
const NOT_NOW: ReadonlySet<string> = new Set(['55P03', '40P01']);

/** The index that a migration makes beside those who write; it then consists of that one statement. */
export const CONCURRENTLY = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS ([a-z_][a-z0-9_]*) ON [^;]*;?$/i;

/**
 * Applies one migration in a transaction of its own. A lock that is not given soon is let go and asked for again, so that a
 * long transaction of somebody else never stops everybody; and so is one by which the two would wait for each other. Throws `unavailable` where it is never given.
 */
export async function applyMigration(
  client: Pick<pg.Client, 'query'>,
  migration: Migration,
  { timeout_ms = LOCK_TIMEOUT_MS, pause_ms = LOCK_PAUSE_MS, tries = LOCK_TRIES } = {},
): Promise<void> {
  const { name, sql } = migration;
  const index = CONCURRENTLY.exec(codeOf(sql))?.[1];
  if (index !== undefined) return applyIndex(client, migration, index);
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`BEGIN; SET LOCAL lock_timeout = ${Math.ceil(timeout_ms)}`);
      await client.query(sql);
      await noted(client, migration);
      await client.query('COMMIT');
      return;
    } catch (cause) {
      await client.query('ROLLBACK');
      if (!NOT_NOW.has((cause as { code?: string }).code ?? '')) throw new Error(`migration ${name} failed`, { cause });
      if (attempt === tries)
        throw new PortreeveError('unavailable', `Migration ${name} waits for a table that is never free.`, {
          next: 'End the long transactions on it (see pg_stat_activity), then try again. Nothing was changed.',
          cause,
        });
      await delay(pause_ms);
    }
  }
}

/** Outside a transaction, and waiting for as long as it takes: nobody waits for it. What an attempt left behind goes first. */
async function applyIndex(client: Pick<pg.Client, 'query'>, migration: Migration, index: string): Promise<void> {
  try {
    const { rowCount } = await client.query(
      'SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
      [index],
    );
    if (rowCount) await client.query(`DROP INDEX CONCURRENTLY ${index}`);
    await client.query(migration.sql);
    await noted(client, migration);
  } catch (cause) {
    throw new Error(`migration ${migration.name} failed`, { cause });
  }
}

async function noted(client: Pick<pg.Client, 'query'>, { number, name, checksum, sql }: Migration): Promise<void> {
  const contracts = splitStatements(sql).flatMap((statement) => noteOf(statement, 'contracts') ?? []);
  await client.query('INSERT INTO schema_migrations (number, name, checksum, contracts) VALUES ($1, $2, $3, $4)', [
    ...[number, name, checksum],
    contracts.length > 0 ? contracts.join('; ') : null,
  ]);
}
