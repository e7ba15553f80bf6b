import { prepareEngine } from '@portreeve/run';
import { Database } from '../database.ts';
import { migrate, pendingMigrations } from '../migrate.ts';
import { ensureEngineRights } from '../roles.ts';
import { type PlannedMigration, planOf } from './plan.ts';

async function withDatabase<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database(url);
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** What bringing this database up to date would do. Changes nothing. */
export function planAt(url: string): Promise<PlannedMigration[]> {
  return withDatabase(url, async ({ pool }) => planOf(pool, await pendingMigrations(pool)));
}

/**
 * Brings a database up to date: our tables, the engine's, and the roles of processes that run apart. Call it as the owner of
 * the tables, before the processes of the new version start.
 */
export function migrateAt(url: string): ReturnType<typeof migrate> {
  return withDatabase(url, async ({ pool }) => {
    const done = await migrate(pool);
    await prepareEngine(url);
    if (done.roles) await ensureEngineRights(pool);
    return done;
  });
}
