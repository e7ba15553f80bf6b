import { asId, type DecisionId } from '@portreeve/contract';
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

const behind = (decision: DecisionId) => sql<boolean>`(posted_at, decision COLLATE "C") <
  (SELECT last.posted_at, last.decision FROM notices last WHERE last.decision = ${decision})`;

export function noticeStore(database: Database): NoticeStore {
  return {
    async insert(tx, notice) {
      await database
        .on(tx)
        .insertInto('notices')
        .values({ ...notice })
        .execute();
    },

    async list({ groups, limit, after }) {
      let query = database.read
        .selectFrom('notices')
        .selectAll()
        .where(sql<boolean>`groups && ${[...groups]}::text[]`);
      if (after !== undefined) query = query.where(behind(after));
      // The database's own order of letters may be that of a language.
      const rows = await query
        .orderBy('posted_at', 'desc')
        .orderBy(sql`decision COLLATE "C"`, 'desc')
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
