import { resolve } from 'node:path';
import { type Clock, systemClock } from '@portreeve/contract';
import { prepareEngine } from '@portreeve/run';
import type pg from 'pg';
import { logsOf } from '../config/audit-logs.ts';
import { loadConfig } from '../config/load-config.ts';
import { takeStateFolder } from '../config/state-folder.ts';
import type { Seen } from '../publish-each.ts';
import { Database } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { engineVersion, schemaOf } from './catalog.ts';
import { emptyDatabase } from './empty-database.ts';
import { loadTables } from './load-tables.ts';
import type { LogTree } from './make-backup.ts';
import { type Manifest, unusable } from './manifest.ts';
import { openArchives } from './open-archives.ts';
import { putKeys } from './put-keys.ts';
import { settleRestored } from './settle-restored.ts';

export interface RestoreOptions {
  /** Folder with `portreeve.config.ts`. */
  readonly project: string;
  readonly stateFolder: string;
  /** Another PostgreSQL than the embedded one. */
  readonly databaseUrl?: string | undefined;
  /** The folders of the two archives. */
  readonly log: string;
  readonly keys: string;
  /** The log's public key, as it is known from elsewhere. Without it the key in the state folder or in the archive is believed. */
  readonly vkey?: string | undefined;
  /** Goes on where anchors or witnesses have seen more than the backup holds: what they saw is lost for good. */
  readonly acceptRollback?: boolean;
  readonly clock?: Clock;
}

export interface Restored {
  readonly backup: string;
  readonly made_at: string;
  /** What each log holds, the main one first. */
  readonly trees: readonly LogTree[];
  readonly vkey: string;
  /** Anchors and witnesses that have seen more than this. */
  readonly ahead: readonly Seen[];
  /** Keys of the archive that had been erased and were not put back. */
  readonly erased_keys: number;
  /** Migrations of this program that are newer than the backup. */
  readonly migrated: readonly string[];
}

/**
 * Puts a backup into an empty database while nothing runs. Everything is checked before it may be used: signatures and
 * digests before the database is touched, every log before the one transaction that loads it commits. On any failure
 * nothing is left. What is restored stands still: it is frozen until a person thaws it.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { config, folder: projectFolder } = await loadConfig(options.project);
  const state = await takeStateFolder(options.stateFolder);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const [log, keys] = [resolve(options.log), resolve(options.keys)];
    const { main, others } = logsOf(config);
    const archives = await openArchives({
      log,
      keys,
      vkey: options.vkey,
      origins: [main, ...others].map(({ origin }) => origin),
      stateFolder: state.path,
    });
    const target = await emptyDatabase(state.path, options.databaseUrl);
    try {
      undo.push(target.clear);
      undo.push(await putKeys(archives, state.path));
      const { manifest } = archives.log;
      const keysManifest = archives.keys.manifest;
      const restored = await withDatabase(target.url, manifest, async (client) => {
        const erased_keys = await loadTables(client, archives);
        const { acceptRollback = false, clock = systemClock } = options;
        const parts = {
          config,
          projectFolder,
          stateFolder: state.path,
          manifest,
          keysManifest,
          clock,
          acceptRollback,
          erased_keys,
        };
        const ahead = await settleRestored(client, parts);
        return { ahead, erased_keys };
      });
      undo.length = 0;
      const migrated = await withPool(target.url, ({ pool }) => migrate(pool));
      const { backup, made_at } = manifest;
      const trees = manifest.trees.map(({ log, size, root }) => ({ log, size, root }));
      return { backup, made_at, trees, vkey: archives.vkey, ...restored, migrated: migrated.applied };
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    } finally {
      await target.stop();
    }
  } finally {
    await state.release();
  }
}

/** The tables as they were when the backup was made, and one transaction in which they are filled. */
async function withDatabase<T>(url: string, manifest: Manifest, load: (client: pg.Client) => Promise<T>): Promise<T> {
  const { migrations, engine } = manifest.schema;
  return withPool(url, async (database) => {
    await migrate(database.pool, migrations.at(-1)!.number);
    if (engine !== null) await prepareEngine(url);
    const client = await database.dedicate('restore');
    const present = await schemaOf(client);
    const ours = (all: typeof migrations) => all.map(({ number, checksum }) => `${number} ${checksum}`).join();
    if (ours(present.migrations) !== ours(migrations) || (await engineVersion(client)) !== engine)
      throw unusable(
        `The backup was made by Portreeve ${manifest.version}, whose tables this version cannot make. Restore with that version, then upgrade.`,
      );
    await client.query('BEGIN');
    const made = await load(client);
    await client.query('COMMIT');
    return made;
  });
}

async function withPool<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database(url);
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}
