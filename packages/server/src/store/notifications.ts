import type { Notified } from '@portreeve/contract';
import { type ColumnType, type Generated, type Selectable, sql } from 'kysely';
import type { Notification, NotificationStore } from '../notify/ports.ts';
import type { Database } from './database.ts';

type Time<I> = ColumnType<Date, string, I>;

interface NotificationsTable {
  id: Generated<string>;
  channel: string;
  event: string;
  kind: string;
  about: string;
  workflow: string | null;
  groups: ColumnType<string[] | null, readonly string[] | null, never>;
  stage: string | null;
  state: Generated<'waiting' | 'sent' | 'skipped' | 'failed'>;
  tries: Generated<number>;
  created_at: Time<never>;
  send_at: Time<string>;
  ended_at: ColumnType<Date | null, never, string>;
  problem: ColumnType<string | null, never, string | null>;
}

declare module './tables.ts' {
  interface Tables {
    notifications: NotificationsTable;
  }
}

/** Characters of a problem that are kept. */
const PROBLEM_CHARS_MAX = 500;

export function notificationStore(database: Database): NotificationStore {
  return {
    async insert(tx, notifications) {
      if (notifications.length === 0) return;
      await database
        .on(tx)
        .insertInto('notifications')
        .values(notifications.map((each) => ({ ...each })))
        .onConflict((conflict) => conflict.columns(['channel', 'event']).doNothing())
        .execute();
    },

    async take(channel, now, taken_until, limit) {
      const rows = await database.read
        .updateTable('notifications')
        .set(({ eb }) => ({ send_at: taken_until, tries: eb('tries', '+', 1) }))
        .where('id', 'in', (select) =>
          select
            .selectFrom('notifications')
            .select('id')
            .where('channel', '=', channel)
            .where('state', '=', 'waiting')
            .where('send_at', '<=', sql<Date>`${now}`)
            .orderBy('send_at')
            .orderBy('id')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .returningAll()
        .execute();
      return rows.map(toNotification).sort((a, b) => a.id - b.id);
    },

    async end(tx, ids, state, at, problem) {
      await database
        .on(tx)
        .updateTable('notifications')
        .set({ state, ended_at: at, problem: problem?.slice(0, PROBLEM_CHARS_MAX) ?? null })
        .where('id', 'in', ids.map(String))
        .execute();
    },

    async retry(ids, send_at, problem, untried) {
      await database.read
        .updateTable('notifications')
        .set(({ eb }) => ({
          ...{ send_at, problem: problem.slice(0, PROBLEM_CHARS_MAX) },
          ...(untried ? { tries: eb('tries', '-', 1) } : {}),
        }))
        .where('id', 'in', ids.map(String))
        .where('state', '=', 'waiting')
        .execute();
    },

    async states(now) {
      const { rows } = await sql<{
        channel: string;
        waiting: string;
        failed: string;
        sent_at: Date | null;
        problem: string | null;
      }>`
        WITH told AS (
          SELECT channel, max(ended_at) FILTER (WHERE state = 'sent') AS sent_at,
            count(*) FILTER (WHERE state = 'waiting' AND (send_at <= ${now} OR tries > 0 OR problem IS NOT NULL)) AS waiting,
            count(*) FILTER (WHERE state = 'failed' AND ended_at > ${now}::timestamptz - interval '1 day') AS failed
          FROM notifications GROUP BY channel
        )
        SELECT told.*, (
          SELECT problem FROM notifications AS n
          WHERE n.channel = told.channel AND n.problem IS NOT NULL
            AND (n.state = 'waiting' OR told.sent_at IS NULL OR n.ended_at > told.sent_at)
          ORDER BY n.id DESC LIMIT 1
        ) AS problem FROM told ORDER BY channel`.execute(database.read);
      return rows.map((row) => ({
        ...row,
        waiting: Number(row.waiting),
        failed: Number(row.failed),
        sent_at: row.sent_at?.toISOString() ?? null,
      }));
    },

    async forget(before) {
      const { numDeletedRows } = await database.read
        .deleteFrom('notifications')
        .where('state', '<>', 'waiting')
        .where('ended_at', '<', sql<Date>`${before}`)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

function toNotification(row: Selectable<NotificationsTable>): Notification {
  const { id, channel, event, kind, about, workflow, groups, stage, tries } = row;
  return {
    ...{ channel, event, about, workflow, groups, stage, tries },
    id: Number(id),
    kind: kind as Notified,
    created_at: row.created_at.toISOString(),
    send_at: row.send_at.toISOString(),
  };
}
