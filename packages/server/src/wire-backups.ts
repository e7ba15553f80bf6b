import { join, resolve } from 'node:path';
import { type AuditLogs, createNoteSigner } from '@portreeve/audit';
import { type Clock, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { type Backups, createBackups } from './backup/make-backup.ts';
import type { Keys } from './config/keys.ts';
import type { Database } from './store/database.ts';

/** Backups where the configuration says; by default both in the state folder, which is no place for production. */
export function wireBackups(options: {
  readonly database: Database;
  readonly audit: AuditLogs;
  readonly keys: Keys;
  readonly config: ProjectConfig;
  readonly projectFolder: string;
  readonly stateFolder: string;
  readonly clock: Clock;
}): Backups {
  const { config, projectFolder, stateFolder, keys, audit } = options;
  const { backup, environment } = config;
  const place = (archive: 'log' | 'keys') => {
    const { folder, keep_days } = backup[archive];
    const own = join(stateFolder, 'backups', archive);
    return { folder: folder === undefined ? own : resolve(projectFolder, folder), keep_days };
  };
  const backups = createBackups({
    ...options,
    signer: createNoteSigner({ name: audit.main.origin, privateKey: keys.log }),
    places: { log: place('log'), keys: place('keys') },
  });
  if (environment !== 'production' || (backup.log.folder && backup.keys.folder)) return backups;
  return {
    make: async () => {
      throw new PortreeveError('misconfigured', 'The configuration does not say where backups go.', {
        next: 'Set `backup.log.folder` and `backup.keys.folder` in portreeve.config.ts, each on a disk or share of its own.',
      });
    },
  };
}

/** An archive holds every table and every key: an api that runs apart may read neither. */
export const backupsElsewhere: Backups = {
  make: async () => {
    throw new PortreeveError('misconfigured', 'An api that runs apart makes no backup.', {
      next: 'Make it with the api and the gatekeeper in one process, as the owner of the tables; see docs/guides/api-apart.md.',
    });
  },
};
