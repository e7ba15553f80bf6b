import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { DRILL_WORKFLOWS, type DrillWorkflow } from './vendor-outage.ts';

/** How the runs of a workflow stand. */
export interface WorkflowCounts {
  readonly submitted: number;
  readonly ended: number;
  readonly completed: number;
  readonly handed_off: number;
  /** Waiting, and not for a person. */
  readonly waiting: number;
  readonly degraded: number;
  /** Hand-offs that are open for it. */
  readonly queue: number;
}

export interface DrillCounts {
  readonly byWorkflow: Readonly<Record<DrillWorkflow, WorkflowCounts>>;
  /** Questions that another endpoint answered, or was refused for, by what policy says. */
  readonly records: Readonly<Record<string, number>>;
}

/** Looks at the database of a drill from outside, as an auditor would. */
export async function drillCounts(database: Database): Promise<DrillCounts> {
  const { rows } = await sql<{ workflow: string } & WorkflowCounts>`
    SELECT workflow,
      count(*)::int AS submitted,
      count(ended_at)::int AS ended,
      count(*) FILTER (WHERE state = 'completed')::int AS completed,
      count(*) FILTER (WHERE state = 'handed_off')::int AS handed_off,
      count(*) FILTER (WHERE state IN ('waiting', 'running') AND approval IS NULL)::int AS waiting,
      0 AS degraded,
      count(*) FILTER (WHERE EXISTS (SELECT FROM handoffs WHERE handoffs.run = runs.id AND handoffs.state = 'open'))::int
        AS queue
    FROM runs GROUP BY workflow`.execute(database.read);
  const types = await sql<{ type: string; workflow: string | null; count: number }>`
    SELECT entry::json->>'type' AS type, entry::json->'refs'->>'workflow' AS workflow, count(*)::int AS count
    FROM audit_records
    WHERE entry::json->>'type' IN ('question.degraded', 'question.waits', 'endpoint.passed_over', 'endpoint.refused')
    GROUP BY 1, 2`.execute(database.read);
  const countOf = (type: string, workflow?: string) =>
    types.rows
      .filter((row) => row.type === type && (workflow === undefined || row.workflow === workflow))
      .reduce((sum, { count }) => sum + count, 0);
  const none = { submitted: 0, ended: 0, completed: 0, handed_off: 0, waiting: 0, degraded: 0, queue: 0 };
  const byWorkflow = Object.fromEntries(
    DRILL_WORKFLOWS.map(({ name }) => {
      const row = rows.find(({ workflow }) => workflow === name);
      return [name, { ...none, ...row, degraded: countOf('question.degraded', name) }];
    }),
  ) as unknown as DrillCounts['byWorkflow'];
  const records = Object.fromEntries(
    ['endpoint.passed_over', 'endpoint.refused', 'question.waits', 'question.degraded'].map((type) => [
      type,
      countOf(type),
    ]),
  );
  return { byWorkflow, records };
}
