import type { BackupId } from '@portreeve/contract';
import type { ColumnType } from 'kysely';
import { z } from 'zod';
import type { Seen } from '../publish-each.ts';
import type { Database } from './database.ts';

interface RestoresTable {
  backup: string;
  restored_at: ColumnType<Date, Date, never>;
  ahead: string;
}

declare module './tables.ts' {
  interface Tables {
    restores: RestoresTable;
  }
}

const seenSchema = z.array(
  z.strictObject({ kind: z.enum(['anchor', 'witness']), name: z.string(), size: z.int().nullable(), log: z.string() }),
);

/** What anchors and witnesses have seen beyond a backup that was put back, and somebody accepted. */
export async function acceptedRollbacks(database: Database): Promise<Seen[]> {
  const rows = await database.read.selectFrom('restores').select('ahead').execute();
  return rows.flatMap(({ ahead }) => seenSchema.parse(JSON.parse(ahead)));
}

export async function insertRestore(
  database: Database,
  { backup, at, ahead }: { backup: BackupId; at: Date; ahead: readonly Seen[] },
): Promise<void> {
  await database.read
    .insertInto('restores')
    .values({ backup, restored_at: at, ahead: JSON.stringify(ahead) })
    .execute();
}
