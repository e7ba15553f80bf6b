import { asId, type Digest, type UnitOfWork } from '@portreeve/contract';
import { approvalTopic, type RunQueue, type RunReleases } from '@portreeve/run';
import type { Database } from '../store/database.ts';
import { releasesUnderWay, waitingRunsOf } from '../store/releases.ts';

interface WakeDeps {
  readonly database: Database;
  readonly uow: UnitOfWork;
  readonly queue: Pick<RunQueue, 'nudge'>;
}

/** So many in one transaction, however many wait. */
const AT_ONCE = 200;

/** Whatever waits for people in a run of a release that cannot go on wakes, sees that, and hands its work over. */
export function wakeRuns({ database, uow, queue }: WakeDeps) {
  return async (release: Digest): Promise<void> => {
    for (let after = ''; ; ) {
      const waiting = await waitingRunsOf(database, release, { after, limit: AT_ONCE });
      await uow.transaction(async (tx) => {
        for (const { run, approval } of waiting) await queue.nudge(tx, run, approvalTopic(asId('approval', approval)));
      });
      const last = waiting.at(-1);
      if (!last || waiting.length < AT_ONCE) return;
      after = last.run;
    }
  };
}

/** Wakes the runs of releases that went while nobody carried runs: those that were barred, and those that are not to be had. */
export async function wakeStranded(
  deps: WakeDeps & { readonly releases: Pick<RunReleases, 'load' | 'isBarred'> },
): Promise<void> {
  for (const { workflow, release } of await releasesUnderWay(deps.database))
    if (deps.releases.isBarred(release) || !(await deps.releases.load(workflow, release)))
      await wakeRuns(deps)(release);
}
