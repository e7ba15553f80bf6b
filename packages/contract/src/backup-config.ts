import { z } from 'zod';

const archiveSchema = (keep_days: number) =>
  z
    .strictObject({
      /** A folder, from the project's; without one a folder of the state folder. */
      folder: z.string().min(1).optional(),
      /** Days after which an archive there is removed by the next backup. */
      keep_days: z.int().min(1).max(36_500).default(keep_days),
    })
    .prefault({});

/**
 * A backup is two archives, which belong in different hands: one of the record and all other data, one of the keys that
 * open it. What was erased since comes back only from both together, so the archives of keys are to live shortly.
 */
export const backupConfigSchema = z
  .strictObject({ log: archiveSchema(3650), keys: archiveSchema(30) })
  .superRefine(({ log, keys }, context) => {
    if (log.folder !== undefined && log.folder === keys.folder)
      context.addIssue({ code: 'custom', path: ['keys', 'folder'], message: 'keys do not lie beside what they open' });
  });
export type BackupConfig = z.infer<typeof backupConfigSchema>;
