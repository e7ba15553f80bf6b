import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { PortreeveError } from '@portreeve/contract';
import type pg from 'pg';
import { applyMigration, type Migration } from './migration/apply.ts';
import { ensureRoles, hasRoles } from './roles.ts';

const FOLDER = new URL('./migrations/', import.meta.url);
/** Any constant will do; it must only be the same in every process. */
const LOCK = 7_410_001;
/** Between two askings for it. */
const LOCK_ASK_MS = 100;

/** The numbered SQL files, in order. */
async function migrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, FOLDER), 'utf8');
      return { number: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Brings the schema up to date: forward only, one process at a time (advisory lock), each file
 * as {@link applyMigration} says.
 * A file that was changed after it had been applied is refused: history is not rewritten. Gives the names applied now,
 * the newest one, and whether the database tells the roles apart ({@link ensureRoles}).
 */
export async function migrate(
  pool: pg.Pool,
  /** Only up to this number: the schema that a backup was made from. */
  to = Number.POSITIVE_INFINITY,
): Promise<{ applied: string[]; roles: boolean; schema: string }> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw new PortreeveError('unavailable', 'The database cannot be reached.', {
      next: 'Check DATABASE_URL, and that PostgreSQL runs and lets this user in.',
      cause,
    });
  });
  try {
    // Asked for again and again: who waits for it in a statement holds a snapshot, which an index that is made CONCURRENTLY
    // by the one that has the lock would wait for in turn.
    while (!(await client.query('SELECT pg_try_advisory_lock($1) AS mine', [LOCK])).rows[0].mine)
      await delay(LOCK_ASK_MS);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), contracts text)',
    );
    const before = await appliedMigrations(client);
    const known = await migrations();
    const newer = newerThan(known, before);
    const taken = newer.find(({ contracts }) => contracts !== null);
    if (taken)
      throw new PortreeveError(
        'misconfigured',
        `The database has schema ${newer.at(-1)!.number}, which is newer than this program and not for it: ${taken.contracts}`,
        { next: 'Run the newer version of Portreeve, or restore a backup from before the upgrade.' },
      );
    const checksumsByNumber = new Map(before.map(({ number, checksum }) => [number, checksum]));
    if (known.some(({ number }) => !checksumsByNumber.has(number) && number <= to))
      await client.query('ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS contracts text');
    const applied: string[] = [];
    for (const migration of known) {
      const checksum = checksumsByNumber.get(migration.number);
      if (checksum === migration.checksum || migration.number > to) continue;
      if (checksum !== undefined) {
        throw new PortreeveError(
          'misconfigured',
          `Migration ${migration.name} was changed after it had been applied.`,
          {
            next: 'Put the file back as it was and add a new migration for the change.',
          },
        );
      }
      await applyMigration(client, migration);
      applied.push(migration.name);
    }
    const schema = newer.at(-1) ?? known.at(-1);
    // Rights are of the newest tables: they come with the last migration, by the version that brought it.
    const roles =
      newer.length > 0
        ? await hasRoles(client)
        : schema !== undefined && schema.number <= to && (await ensureRoles(client));
    return { applied, roles, schema: schema?.name ?? '' };
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => undefined);
    client.release();
  }
}

/** A migration that the database has seen. `contracts`: what it took from the version before it; null: nothing. */
interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly contracts: string | null;
}

async function appliedMigrations(client: Pick<pg.Pool, 'query'>): Promise<Applied[]> {
  // Not by its name: a database that no version with this column has migrated does not have it.
  const { rows } = await client.query<Applied>(
    `SELECT number, name, checksum, to_jsonb(m) ->> 'contracts' AS contracts FROM schema_migrations m ORDER BY number`,
  );
  return rows;
}

/** What a newer version has applied. This one runs on it where none of them takes anything from it. */
function newerThan(known: readonly Migration[], applied: readonly Applied[]): Applied[] {
  const newest = Math.max(0, ...known.map(({ number }) => number));
  return applied.filter(({ number }) => number > newest);
}

/** Whether a newer version than this one has migrated the database. */
export async function isOfNewer(pool: Pick<pg.Pool, 'query'>): Promise<boolean> {
  return newerThan(await migrations(), await appliedMigrations(pool)).length > 0;
}

/** The migrations that this database has not seen; all of them where it has seen none. Changes nothing. */
export async function pendingMigrations(pool: Pick<pg.Pool, 'query'>): Promise<Migration[]> {
  const { rows } = await pool.query<{ there: boolean }>("SELECT to_regclass('schema_migrations') IS NOT NULL AS there");
  const applied = new Set(rows[0]?.there ? (await appliedMigrations(pool)).map(({ number }) => number) : []);
  return (await migrations()).filter(({ number }) => !applied.has(number));
}

/**
 * For a process that may not change the schema. Throws `unavailable` where it is neither the one that this program needs nor
 * a newer one that takes nothing from it; gives its name.
 */
export async function assertMigrated(pool: Pick<pg.Pool, 'query'>): Promise<string> {
  const applied = await appliedMigrations(pool).catch((cause: unknown) => {
    throw new PortreeveError('unavailable', 'The database cannot be reached, or holds no Portreeve for this user.', {
      next: 'Check the address and the user of the database, and make the tables first: start the gatekeeper with the api, or run `portreeve migrate`, as their owner.',
      cause,
    });
  });
  const checksums = new Map(applied.map(({ number, checksum }) => [number, checksum]));
  const known = await migrations();
  const newer = newerThan(known, applied);
  if (
    applied.length !== known.length + newer.length ||
    known.some(({ number, checksum }) => checksums.get(number) !== checksum) ||
    newer.some(({ contracts }) => contracts !== null)
  )
    throw new PortreeveError('unavailable', 'The database has another schema than this program needs.', {
      next: 'Run the same version in every role, and bring the schema up to date first: start the gatekeeper with the api, or run `portreeve migrate`, as the owner of the tables.',
    });
  return applied.at(-1)?.name ?? '';
}
