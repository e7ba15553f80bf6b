import { asId, type Digest, type UnitOfWork } from '@portreeve/contract';
import { approvalTopic, type RunQueue } from '@portreeve/run';
import type { Database } from '../store/database.ts';
import { openRunsOf } from '../store/releases.ts';

/** Whatever waits for people in a run of a barred release wakes, sees that it is barred, and hands its work over. */
export function wakeRuns(deps: { readonly database: Database; readonly uow: UnitOfWork; readonly queue: RunQueue }) {
  return (release: Digest): Promise<void> =>
    deps.uow.transaction(async (tx) => {
      for (const { run, approval } of await openRunsOf(deps.database, tx, release))
        if (approval !== null) await deps.queue.nudge(tx, run, approvalTopic(asId('approval', approval)));
    });
}
