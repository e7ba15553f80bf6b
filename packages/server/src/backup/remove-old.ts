import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupId, idSchema } from '@portreeve/contract';
import type { BackupPlaces } from './make-backup.ts';
import { MANIFEST } from './manifest.ts';

export interface Removed {
  readonly backup: BackupId;
  readonly archive: 'log' | 'keys';
}

const DAY_MS = 86_400_000;
/** Removed by one backup at the most. */
const REMOVED_MAX = 500;

/**
 * Removes the archives whose time is over: folders that are called as a backup is, and hold a manifest that was written
 * before that time. Nothing else is touched.
 */
export async function removeOld(places: BackupPlaces, now: Date): Promise<Removed[]> {
  const removed: Removed[] = [];
  for (const archive of ['log', 'keys'] as const) {
    const { folder, keep_days } = places[archive];
    for (const name of (await readdir(folder)).sort()) {
      const backup = idSchema('backup').safeParse(name);
      if (!backup.success || removed.length >= REMOVED_MAX) continue;
      const written = await stat(join(folder, name, MANIFEST)).catch(() => null);
      if (!written || now.getTime() - written.mtimeMs < keep_days * DAY_MS) continue;
      await rm(join(folder, name), { recursive: true });
      removed.push({ backup: backup.data, archive });
    }
  }
  return removed;
}
