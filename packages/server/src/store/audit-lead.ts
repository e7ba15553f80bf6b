import { setTimeout } from 'node:timers/promises';
import type { Batch, Lead, PendingRecord } from '@portreeve/audit';
import type pg from 'pg';
import { type Database, STATEMENT_MS_MAX } from './database.ts';

/** Where the process that leads a log listens; the payload is the log's name. */
export const LEAD_CHANNEL = 'portreeve_audit';

/** How often the lead is asked for: how long a log may be without one, in milliseconds. */
const TRY_EVERY_MS = 250;

/**
 * Waits for the lead of a log: an advisory lock of a session of its own. PostgreSQL gives it on when that session ends,
 * however its process ends, and everything that the leader writes goes over the same session.
 */
export async function leadLog(
  database: Database,
  log: string,
  { signal, onStaged }: { readonly signal: AbortSignal; onStaged(): void },
): Promise<Lead> {
  const client = await database.dedicate('audit');
  const lost = new Promise<void>((resolve) => client.once('end', () => resolve()));
  const leave = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', leave, { once: true });
  void lost.then(() => signal.removeEventListener('abort', leave));
  client.on('notification', ({ payload }) => {
    if (payload === log) onStaged();
  });
  try {
    // A host that is gone without a word must not keep the lead for longer than a process that was killed.
    for (const name of ['idle', 'interval', 'count'])
      await client.query(`SELECT set_config('tcp_keepalives_${name}', '1', false)`);
    // A write that hangs is given up, and the lead with it: who waits for it must hear that it is not written.
    await client.query("SELECT set_config('statement_timeout', $1, false)", [String(STATEMENT_MS_MAX)]);
    // Asked again and again, since a session that waits for a lock cannot be ended from this side.
    while (!(await tryLead(client, log))) {
      const gone = await Promise.race([lost.then(() => true), setTimeout(TRY_EVERY_MS, false, { ref: false })]);
      if (gone || signal.aborted) throw new Error('the lead is not sought any more');
    }
    await client.query(`LISTEN ${LEAD_CHANNEL}`);
  } catch (error) {
    leave();
    throw error;
  }
  return {
    lost,
    pending: (limit) => readPending(client, log, limit),
    append: (batch) => writeBatch(client, log, batch),
    release: () => client.end(),
  };
}

async function tryLead(client: pg.Client, log: string): Promise<boolean> {
  const { rows } = await client.query<{ leads: boolean }>(
    'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS leads',
    [`portreeve/audit/${log}`],
  );
  return rows[0]!.leads;
}

async function readPending(client: pg.Client, log: string, limit: number): Promise<PendingRecord[]> {
  const { rows } = await client.query<{ id: string; entry: string; payload: string }>({
    name: 'audit-pending',
    text: 'SELECT id, entry, payload FROM audit_pending WHERE log = $1 ORDER BY id LIMIT $2',
    values: [log, limit],
  });
  return rows.map(({ id, entry, payload }) => ({ id: Number(id), entry, payload }));
}

async function writeBatch(client: pg.Client, log: string, { from, records, nodes, pending }: Batch): Promise<void> {
  await client.query({
    name: 'audit-append',
    text: 'SELECT audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    values: [
      log,
      from,
      records.map(({ entry }) => entry),
      records.map(({ payload }) => payload),
      records.map(({ leaf }) => Buffer.from(leaf)),
      nodes.map(({ level }) => level),
      nodes.map(({ index }) => index),
      nodes.map(({ hash }) => Buffer.from(hash)),
      pending,
    ],
  });
}
