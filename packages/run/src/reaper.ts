import { type AuditWriter, draft, type Run, type RunId, SYSTEM_ACTOR, type UnitOfWork } from '@portreeve/contract';
import type { Engine } from './engine.ts';
import type { LeaseStore } from './ports.ts';

/** Seconds without a renewal after which an executor counts as dead. */
export const LEASE_SECONDS = 15;
/** Renewals within the time of one lease: a few may be late or lost. */
const TICKS_PER_LEASE = 5;
/** Records in one transaction, however many runs somebody has left. */
const AT_ONCE = 100;

export interface Reaper {
  /** Looks once for runs of dead executors and takes them over. Gives how many. */
  sweep(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Renews this executor's lease and takes over the runs of executors that are dead: the open core of the engine recovers
 * the runs of its own executor id alone, and that id is new at each start.
 */
export async function startReaper(deps: {
  engine: Engine;
  leases: LeaseStore;
  audit: AuditWriter;
  uow: UnitOfWork;
  /** Of which workflow each of these runs is. */
  aboutRuns: (runs: readonly RunId[]) => Promise<ReadonlyMap<RunId, Pick<Run, 'workflow' | 'release'>>>;
  log: (level: 'info' | 'warn' | 'error', message: string) => void;
  leaseSeconds?: number | undefined;
}): Promise<Reaper> {
  const { engine, leases, leaseSeconds = LEASE_SECONDS } = deps;
  await leases.renew(engine.executor, leaseSeconds);

  async function sweep(): Promise<number> {
    const runsByExecutor = await engine.pendingExecutors();
    let taken = 0;
    for (const executor of await leases.dead([...runsByExecutor.keys()])) {
      const runs = runsByExecutor.get(executor) ?? [];
      const known = await deps.aboutRuns(runs);
      const drafts = runs.map((run) => {
        const about = known.get(run);
        if (about === undefined) throw new TypeError(`the engine has a run ${run} that is not stored`);
        return draft({
          type: 'run.recovered',
          actor: SYSTEM_ACTOR,
          refs: { run, ...about },
          data: { from_executor: executor, by_executor: engine.executor },
          key: `${run}:recovered:${executor}`,
        });
      });
      // Each is on record once, by its key: a sweep that breaks off is made again.
      for (let first = 0; first < drafts.length; first += AT_ONCE)
        await deps.uow.transaction((tx) => deps.audit.append(tx, drafts.slice(first, first + AT_ONCE)));
      await engine.takeOver(executor);
      taken += runs.length;
    }
    return taken;
  }

  let stopped = false;
  let busy: Promise<unknown> = Promise.resolve();
  const timer = setInterval(
    () => {
      busy = busy
        .then(async () => {
          if (stopped) return;
          await leases.renew(engine.executor, leaseSeconds);
          await engine.takeUp();
          await sweep();
        })
        .catch((error: unknown) =>
          deps.log('error', `reaper: ${error instanceof Error ? error.message : String(error)}`),
        );
    },
    (leaseSeconds * 1000) / TICKS_PER_LEASE,
  );
  timer.unref();

  return {
    sweep,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await busy;
      await leases.release(engine.executor).catch(() => undefined);
    },
  };
}
