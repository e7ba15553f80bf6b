import { asId } from '@portreeve/contract';
import type { NoticeStore } from '@portreeve/gate';
import { type ColumnType, sql } from 'kysely';
import type { Database } from './database.ts';

interface NoticesTable {
  decision: string;
  groups: ColumnType<string[], readonly string[], never>;
  proposal: string;
  run: string | null;
  workflow: string;
  text: string;
  posted_at: ColumnType<Date, string, never>;
}

declare module './tables.ts' {
  interface Tables {
    notices: NoticesTable;
  }
}

export function noticeStore(database: Database): NoticeStore {
  return {
    async insert(tx, notice) {
      await database
        .on(tx)
        .insertInto('notices')
        .values({ ...notice })
        .execute();
    },

    async list({ groups, limit }) {
      const rows = await database.read
        .selectFrom('notices')
        .selectAll()
        .where(sql<boolean>`groups && ${[...groups]}::text[]`)
        .orderBy('posted_at', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        decision: asId('decision', row.decision),
        groups: row.groups,
        proposal: asId('proposal', row.proposal),
        run: row.run === null ? null : asId('run', row.run),
        workflow: row.workflow,
        text: row.text,
        posted_at: row.posted_at.toISOString(),
      }));
    },
  };
}
