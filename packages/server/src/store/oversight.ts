import type { Approval, ApprovalId, PrincipalId, Tx } from '@portreeve/contract';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** Times that a browser may report of one approval: enough for a page that is looked at again and again. */
const VIEW_REPORTS_MAX = 50;

interface ViewsTable {
  approval: string;
  account: string;
  visible_ms: number;
  reports: number;
}

declare module './tables.ts' {
  interface Tables {
    approval_views: ViewsTable;
  }
}

export interface ViewTime {
  readonly visible_ms: number;
  readonly reports: number;
}

export interface OversightStore {
  /**
   * Adds to the time that a page was in view; never more in all than the approval has been there. Gives the sum, or null
   * where enough was reported.
   */
  addView(tx: Tx, approval: Approval, account: PrincipalId, visible_ms: number, now: Date): Promise<ViewTime | null>;
  /** When each was asked for, and how long each account had it in view. */
  askedAt(ids: readonly ApprovalId[]): Promise<ReadonlyMap<string, Date>>;
  views(ids: readonly ApprovalId[]): Promise<ReadonlyMap<string, number>>;
  /** Which groups each was asked of. */
  teams(ids: readonly ApprovalId[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** By approval and account. */
export const viewKey = (approval: string, account: string): string => `${approval} ${account}`;

export function oversightStore(database: Database): OversightStore {
  return {
    async addView(tx, approval, account, visible_ms, now) {
      const most = Math.max(0, now.getTime() - Date.parse(approval.created_at));
      const { rows } = await sql<{ visible_ms: string; reports: number }>`
        INSERT INTO approval_views (approval, account, visible_ms, reports)
        VALUES (${approval.id}, ${account}, ${Math.min(visible_ms, most)}, 1)
        ON CONFLICT (approval, account) DO UPDATE
          SET visible_ms = LEAST(approval_views.visible_ms + ${visible_ms}, ${most}), reports = approval_views.reports + 1
          WHERE approval_views.reports < ${VIEW_REPORTS_MAX}
        RETURNING visible_ms, reports`.execute(database.on(tx));
      const [row] = rows;
      return row ? { visible_ms: Number(row.visible_ms), reports: row.reports } : null;
    },

    async askedAt(ids) {
      if (ids.length === 0) return new Map();
      const rows = await database.read
        .selectFrom('approvals')
        .select(['id', 'created_at'])
        .where('id', 'in', ids)
        .execute();
      return new Map(rows.map(({ id, created_at }) => [id, created_at]));
    },

    async teams(ids) {
      if (ids.length === 0) return new Map();
      const rows = await database.read
        .selectFrom('approvals')
        .select(['id', 'groups'])
        .where('id', 'in', ids)
        .execute();
      return new Map(rows.map(({ id, groups }) => [id, groups]));
    },

    async views(ids) {
      if (ids.length === 0) return new Map();
      const rows = await database.read.selectFrom('approval_views').selectAll().where('approval', 'in', ids).execute();
      return new Map(rows.map(({ approval, account, visible_ms }) => [viewKey(approval, account), Number(visible_ms)]));
    },
  };
}
