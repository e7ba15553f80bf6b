import { asId, type GrantId } from '@portreeve/contract';
import type { EnvironmentChange, EnvironmentStore } from '@portreeve/gate';
import { type ColumnType, type Generated, sql } from 'kysely';
import type { Database } from './database.ts';
import { type Listener, listen } from './listen.ts';

interface EnvironmentChangesTable {
  number: Generated<string>;
  subject: string;
  state: string;
  reason: string;
  changed_by: string;
  changed_at: ColumnType<Date, string, never>;
  holds_from: ColumnType<Date | null, string | null, never>;
  holds_until: ColumnType<Date | null, string | null, never>;
}

declare module './tables.ts' {
  interface Tables {
    environment_changes: EnvironmentChangesTable;
  }
}

export function environmentStore(database: Database): EnvironmentStore {
  return {
    async append(tx, { subject, state, reason, by, at, from, until }) {
      // Waits for every decision that rests on what holds now, and keeps new ones waiting until this one is in force.
      await sql`SELECT pg_advisory_xact_lock(${LOCK_CLASS}, 0)`.execute(database.on(tx));
      await database
        .on(tx)
        .insertInto('environment_changes')
        .values({ subject, state, reason, changed_by: by, changed_at: at, holds_from: from, holds_until: until })
        .execute();
    },
    async current() {
      // The number of the newest row counts the changes: rows are never removed. One statement, so one look.
      // Not through the pool: under load it would be waited for until everything counts as frozen.
      const rows = await database.vital
        .selectFrom('environment_changes')
        .distinctOn('subject')
        .selectAll()
        .orderBy('subject')
        .orderBy('number', 'desc')
        .execute();
      return { changes: rows.map(fromRow), count: Math.max(0, ...rows.map((row) => Number(row.number))) };
    },
    async count(tx) {
      // Shared: decisions do not wait for each other. A statement of its own, so that the next one sees what is in force.
      await database.send(tx, sql`SELECT pg_advisory_xact_lock_shared(${LOCK_CLASS}, 0)`);
      const [row] = await database.rows<{ newest: string | null }>(tx, NEWEST, []);
      return Number(row?.newest ?? 0);
    },
    async history(limit) {
      const rows = await database.read
        .selectFrom('environment_changes')
        .selectAll()
        .orderBy('number', 'desc')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },
  };
}

const NEWEST = 'SELECT max(number) AS newest FROM environment_changes';

function fromRow(row: {
  subject: string;
  state: string;
  reason: string;
  changed_by: string;
  changed_at: Date;
  holds_from: Date | null;
  holds_until: Date | null;
}): EnvironmentChange {
  return {
    subject: row.subject,
    state: row.state as EnvironmentChange['state'],
    reason: row.reason,
    by: row.changed_by,
    at: row.changed_at.toISOString(),
    from: row.holds_from?.toISOString() ?? null,
    until: row.holds_until?.toISOString() ?? null,
  };
}

/** What was ever said of one subject, newest first, as the transaction sees it. */
export async function changesOf(
  database: Database,
  tx: Parameters<Database['on']>[0],
  subject: string,
): Promise<EnvironmentChange[]> {
  const rows = await database
    .on(tx)
    .selectFrom('environment_changes')
    .selectAll()
    .where('subject', '=', subject)
    .orderBy('number', 'desc')
    .limit(100)
    .execute();
  return rows.map(fromRow);
}

/**
 * Takes back every grant that a freeze stops and that is not used yet: consuming one needs the state `issued`. Gives which.
 * A principal's are those that it asked for itself and those where it acts for somebody.
 */
export async function revokeGrantsOf(
  database: Database,
  tx: Parameters<Database['on']>[0],
  target: string,
): Promise<GrantId[]> {
  const [kind, name = ''] = target.split(/:(.*)/s);
  const fits =
    kind === 'all'
      ? null
      : kind === 'tool'
        ? sql`tool = ${name}`
        : kind === 'workflow'
          ? sql`workflow = ${name}`
          : sql`${name} = ANY (principals)`;
  let query = database.on(tx).updateTable('grants').set({ state: 'revoked' }).where('state', '=', 'issued');
  if (fits)
    query = query.where('proposal', 'in', sql<string>`(SELECT id FROM proposals WHERE state = 'granted' AND ${fits})`);
  const revoked = await query.returning('id').execute();
  return revoked.map(({ id }) => asId('grant', id)).sort();
}

/** Calls `changed` whenever any process changes the environment. Reconnects by itself; `stop` ends it. */
export function listenForEnvironment(url: string, changed: () => void): Listener {
  return listen(url, { channel: 'portreeve_environment', name: 'portreeve-environment', heard: changed });
}

/** Advisory locks of this class: changes of the environment, and decisions that rest on it. */
const LOCK_CLASS = 0x656e76;
