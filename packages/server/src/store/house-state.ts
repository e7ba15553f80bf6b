import { sql } from 'kysely';
import type { Sample } from '../http/figures/counters.ts';
import type { Database } from './database.ts';

interface Row {
  readonly queued: number;
  readonly running: number;
  readonly waiting: number;
  readonly queued_since: Date | null;
  readonly approvals: number;
  readonly approvals_since: Date | null;
  readonly handoffs: number;
  readonly overdue: number;
  readonly unplaced: number;
  /** The entry, which has its time. */
  readonly unplaced_first: string | null;
}

/** How the house stands by now, for `/metrics`: each number comes from a partial index of what is not over. */
export async function houseState(database: Database, now: Date): Promise<Sample[]> {
  const { rows } = await sql<Row>`SELECT r.*, a.*, h.*, p.* FROM
    (SELECT count(*) FILTER (WHERE state = 'queued')::int AS queued,
            count(*) FILTER (WHERE state = 'running')::int AS running,
            count(*) FILTER (WHERE state = 'waiting')::int AS waiting,
            min(created_at) FILTER (WHERE state = 'queued') AS queued_since
       FROM runs WHERE ended_at IS NULL) r,
    (SELECT count(*)::int AS approvals, min(created_at) AS approvals_since FROM approvals WHERE state = 'pending') a,
    (SELECT count(*)::int AS handoffs, count(*) FILTER (WHERE due_at <= ${now})::int AS overdue
       FROM handoffs WHERE state <> 'done') h,
    (SELECT count(*)::int AS unplaced, (SELECT entry FROM audit_pending ORDER BY id LIMIT 1) AS unplaced_first
       FROM audit_pending) p`.execute(database.read);
  const row = rows[0]!;
  const house = (metric: Sample['metric'], value: number, labels: Sample['labels'] = {}): Sample => ({
    ...{ metric, value, labels, workflow: null },
  });
  const age = (since: Date | null) =>
    since === null ? 0 : Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  const unplaced = row.unplaced_first === null ? null : (JSON.parse(row.unplaced_first) as { time: string }).time;
  return [
    ...(['queued', 'running', 'waiting'] as const).map((state) => house('portreeve_runs', row[state], { state })),
    house('portreeve_run_queue_age_seconds', age(row.queued_since)),
    house('portreeve_approvals_pending', row.approvals),
    house('portreeve_approval_age_seconds', age(row.approvals_since)),
    house('portreeve_handoffs_open', row.handoffs),
    house('portreeve_handoffs_overdue', row.overdue),
    house('portreeve_records_unplaced', row.unplaced),
    house('portreeve_record_place_lag_seconds', age(unplaced === null ? null : new Date(unplaced))),
  ];
}
