import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditLogs, type AuditStore, type NoteSigner, treeOf } from '@portreeve/audit';
import {
  type BackupId,
  type Clock,
  type Digest,
  digestOfText,
  draft,
  isPortreeveError,
  newId,
  PortreeveError,
  type RecordActor,
} from '@portreeve/contract';
import type pg from 'pg';
import { auditStore } from '../store/audit.ts';
import { type Database, databaseOn } from '../store/database.ts';
import { VERSION } from '../version.ts';
import { writeBytes, writeTable } from './archive.ts';
import { EXACT_TEXT, placeOf, schemaOf, tablesOf } from './catalog.ts';
import { keyFiles } from './key-files.ts';
import { MANIFEST, type Manifest, type ManifestTree, signManifest } from './manifest.ts';
import { type Removed, removeOld } from './remove-old.ts';

export interface BackupPlaces {
  readonly log: { readonly folder: string; readonly keep_days: number };
  readonly keys: { readonly folder: string; readonly keep_days: number };
}

/** How much of a log there is. */
export interface LogTree {
  /** The origin of the log. */
  readonly log: string;
  readonly size: number;
  readonly root: string;
}

export interface BackupMade {
  readonly backup: BackupId;
  readonly made_at: string;
  /** The tree of each log that it holds, the main one first. */
  readonly trees: readonly LogTree[];
  /** The folders of the two archives, and the digests of their manifests. */
  readonly log: { readonly folder: string; readonly manifest: Digest };
  readonly keys: { readonly folder: string; readonly manifest: Digest };
  readonly removed: readonly Removed[];
}

export interface Backups {
  /**
   * Writes everything that the database holds at one instant, and the keys of the state folder, as two archives. Throws
   * `conflict` while another one is being made.
   */
  make(by: RecordActor): Promise<BackupMade>;
}

interface BackupParts {
  readonly database: Database;
  readonly audit: AuditLogs;
  readonly signer: NoteSigner;
  readonly stateFolder: string;
  readonly places: BackupPlaces;
  readonly clock: Clock;
}

export function createBackups(parts: BackupParts): Backups {
  const { database, audit, clock } = parts;
  return {
    async make(by) {
      const client = await database.dedicate('backup');
      try {
        const { rows } = await client.query<{ alone: boolean }>(
          "SELECT pg_try_advisory_lock(hashtextextended('portreeve/backup', 0)) AS alone",
        );
        if (!rows[0]?.alone)
          throw new PortreeveError('conflict', 'A backup is being made already.', { next: 'Wait until it is done.' });
        const backup = newId('backup', clock);
        await audit.record([draft({ type: 'backup.begun', actor: by, data: { backup } })]);
        return await recorded(parts, by, backup, () => write(parts, client, backup));
      } finally {
        await client.end();
      }
    },
  };
}

async function recorded(
  { audit, clock, places }: BackupParts,
  by: RecordActor,
  backup: BackupId,
  work: () => Promise<Omit<BackupMade, 'removed'>>,
): Promise<BackupMade> {
  const end = (data: Parameters<typeof draft<'backup.ended'>>[0]['data']) =>
    audit.record([draft({ type: 'backup.ended', actor: by, outcome: data.state, data })]);
  try {
    const made = await work();
    const removed = await removeOld(places, clock.now());
    const { trees, log, keys } = made;
    const digests = { trees: [...trees], log: log.manifest, keys: keys.manifest };
    await end({ backup, state: 'made', made: digests, removed: [...removed], detail: null });
    return { ...made, removed };
  } catch (error) {
    const detail = isPortreeveError(error) ? error.detail : String((error as NodeJS.ErrnoException).code ?? 'an error');
    await end({ backup, state: 'failed', made: null, removed: [], detail });
    throw error;
  }
}

async function write(parts: BackupParts, client: pg.Client, backup: BackupId): Promise<Omit<BackupMade, 'removed'>> {
  const { places, audit, signer, stateFolder, clock } = parts;
  // What was recorded until now has its place and is under a signature, in each log.
  await audit.checkpoint();
  const made_at = clock.now().toISOString();
  const folders = { log: join(places.log.folder, backup), keys: join(places.keys.folder, backup) };
  const making = { log: `${folders.log}.making`, keys: `${folders.keys}.making` };
  try {
    for (const folder of Object.values(making))
      for (const part of ['tables', 'files']) await mkdir(join(folder, part), { recursive: true, mode: 0o700 });
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${EXACT_TEXT}`);
    const store = auditStore(databaseOn(client));
    const trees: ManifestTree[] = [];
    for (const { log } of audit.all) trees.push(await treeIn(store, log.origin));
    const { origin } = audit.main;
    const head = { backup, made_at, version: VERSION, origin, trees, schema: await schemaOf(client) };
    // After the snapshot began: the root keys that wrap its keys are there for at least a minute more.
    const own = await keyFiles(stateFolder);
    const tables = await tablesOf(client);
    const digests = { log: '' as Digest, keys: '' as Digest };
    for (const archive of ['keys', 'log'] as const) {
      const manifest: Manifest = { ...head, archive, tables: [], files: [] };
      for (const table of tables.filter(({ name }) => placeOf(name) === archive))
        manifest.tables.push(await writeTable(client, table, making[archive]));
      for (const { path, bytes } of archive === 'keys' ? own : [])
        manifest.files.push(await writeBytes(bytes, making[archive], path));
      const note = signManifest(manifest, signer);
      digests[archive] = digestOfText(note);
      // Last: an archive without it is none.
      await writeFile(join(making[archive], MANIFEST), note, { flag: 'wx', mode: 0o600, flush: true });
    }
    await client.query('COMMIT');
    for (const archive of ['keys', 'log'] as const) await rename(making[archive], folders[archive]);
    const of = (archive: 'log' | 'keys') => ({ folder: folders[archive], manifest: digests[archive] });
    const held = trees.map(({ log, size, root }) => ({ log, size, root }));
    return { backup, made_at, trees: held, log: of('log'), keys: of('keys') };
  } catch (error) {
    for (const folder of Object.values(making)) await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function treeIn(store: AuditStore, log: string): Promise<ManifestTree> {
  const { size, root } = await treeOf(store, log);
  const checkpoint = (await store.newestCheckpoint(null, log))?.note ?? '';
  return { log, size, root, checkpoint, first: (await store.records(log, 0, 1))[0]?.index ?? 0 };
}
