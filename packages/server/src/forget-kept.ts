import type { AuditLogs } from '@portreeve/audit';
import { type Clock, draft, SYSTEM_ACTOR, type WorkflowContract } from '@portreeve/contract';
import { sql } from 'kysely';
import type { Database } from './store/database.ts';

/** Runs whose values go in one transaction. */
const BATCH = 200;
const DAY_MS = 86_400_000;

/**
 * Deletes what runs read, were answered and had attached, once their workflow's `boundaries.kept.days` are over
 * (requirement A6). What was proposed, decided and done stays with its record, for as long as `retention` says.
 */
export async function forgetKept(deps: {
  readonly database: Database;
  readonly audit: Pick<AuditLogs, 'append'>;
  readonly contracts: readonly WorkflowContract[];
  readonly clock: Clock;
}): Promise<void> {
  for (const { name, boundaries } of deps.contracts) {
    if (!boundaries) continue;
    const { days } = boundaries.kept;
    const endedBefore = new Date(deps.clock.now().getTime() - days * DAY_MS);
    while ((await forgetBatch(deps, { name, days, endedBefore })) === BATCH);
  }
}

async function forgetBatch(
  { database, audit }: Pick<Parameters<typeof forgetKept>[0], 'database' | 'audit'>,
  { name, days, endedBefore }: { name: string; days: number; endedBefore: Date },
): Promise<number> {
  return database.transaction(async (tx) => {
    const db = database.on(tx);
    const due = await db
      .selectFrom('runs')
      .select('id')
      .where('workflow', '=', name)
      .where('ended_at', '<=', endedBefore)
      .where(sql<boolean>`(attachments <> '' OR EXISTS (SELECT 1 FROM run_values WHERE run_values.run = runs.id))`)
      .orderBy('id')
      .limit(BATCH)
      .forUpdate()
      .skipLocked()
      .execute();
    const ids = due.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await db.deleteFrom('run_values').where('run', 'in', ids).execute();
    await db.updateTable('runs').set({ attachments: '' }).where('id', 'in', ids).execute();
    const data = { runs: ids.length, days };
    await audit.append(tx, [draft({ type: 'values.removed', actor: SYSTEM_ACTOR, refs: { workflow: name }, data })]);
    return ids.length;
  });
}
