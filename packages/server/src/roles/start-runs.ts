import type { AuditWriter, RunId } from '@portreeve/contract';
import type { Gate, Unwindings } from '@portreeve/gate';
import {
  type Durable,
  LEASE_SECONDS,
  type LeaseStore,
  prepareEngine,
  type RunQueue,
  type RunReleases,
  type RunStore,
  startEngine,
  startQueue,
  startReaper,
} from '@portreeve/run';
import { every } from '../every.ts';
import { wakeStranded } from '../releases/wake-runs.ts';
import type { Database } from '../store/database.ts';
import { FACE_ASKED_CHANNEL, type FaceAnswerStore, faceAnswerStore } from '../store/face-asks.ts';
import { ASKED_CHANNEL, answerStore } from '../store/gate-asks.ts';
import { listen } from '../store/listen.ts';
import { ensureEngineRights } from '../store/roles.ts';
import { aboutRuns } from '../store/runs.ts';
import type { Seals } from '../store/values.ts';
import type { Log } from '../telemetry/open-log.ts';
import { answerAsks } from './answer-asks.ts';
import type { TakeWork } from './take-work.ts';

export interface RunsStarted {
  readonly queue: RunQueue;
  /** What waits is taken up. Call it once the queue can be reached by whoever needs it. */
  begin(): Promise<void>;
  stop(): Promise<void>;
}

interface RunsOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  /** The name of this process, as leases and executions know it. */
  readonly instance: string;
  readonly leases: LeaseStore;
  readonly audit: AuditWriter;
  readonly log: Log;
  readonly leaseSeconds?: number | undefined;
}

/** `runsAtOnce`: {@link startEngine}. */
interface Carrying {
  readonly runsAtOnce: number;
  readonly run: (id: RunId, durable: Durable) => Promise<void>;
}

/** Carries runs in this process, or answers what those ask that are carried elsewhere. */
export function startRuns(
  options: RunsOptions & {
    readonly apart: boolean;
    readonly runs: Pick<RunStore, 'get'>;
    readonly gate: Pick<Gate, 'submit' | 'resume'>;
    readonly unwindings: Pick<Unwindings, 'begin' | 'advance'>;
    readonly releases: Pick<RunReleases, 'load' | 'isBarred'>;
    readonly sealing: Seals;
  } & Carrying,
): Promise<RunsStarted> {
  return options.apart ? startAnswering(options) : startEngineHere(options);
}

/** Starts and wakes runs, and neither carries any nor answers what they ask: for a process that only lets people in. */
export async function startQueueHere({ databaseUrl, database }: Pick<RunsOptions, 'database' | 'databaseUrl'>) {
  const queue = await startQueue({ url: databaseUrl, clientOf: (tx) => database.clientOf(tx) });
  return { queue, begin: async () => undefined, stop: () => queue.stop() } satisfies RunsStarted;
}

/** The engine with its reaper. `prepared`: its tables are there, and this process may not change them. */
export async function startEngineHere(
  options: RunsOptions &
    Carrying & {
      readonly releases: Pick<RunReleases, 'load' | 'isBarred'>;
      readonly prepared?: boolean;
    },
): Promise<RunsStarted> {
  const { database, databaseUrl, instance, leases, audit, log, leaseSeconds, prepared = false } = options;
  const engine = await startEngine({
    ...{ url: databaseUrl, executor: instance, log, prepared, run: options.run, runsAtOnce: options.runsAtOnce },
    clientOf: (tx) => database.clientOf(tx),
  });
  const reaper = await startReaper({
    ...{ audit, uow: database, engine, leases, log, leaseSeconds },
    aboutRuns: (runs) => aboutRuns(database, runs),
  }).catch(async (error: unknown) => {
    await engine.stop();
    throw error;
  });
  return {
    queue: engine,
    async begin() {
      await reaper.sweep();
      await wakeStranded({ database, uow: database, queue: engine, releases: options.releases });
    },
    async stop() {
      await reaper.stop();
      await engine.stop();
    },
  };
}

const LOOK_EVERY_MS = 500;
const TIDY_EVERY_MS = 60_000;
/** Longer than anybody waits for an answer. */
const KEPT_MS = 3_600_000;
const RENEWALS_PER_LEASE = 5;

/**
 * Answers what runs in other processes ask of the gate. `api`: and what apis ask. `prepared`: the engine's tables are there,
 * and this process may not change them.
 */
export async function startAnswering(
  options: Omit<Parameters<typeof startRuns>[0], 'apart' | keyof Carrying> & {
    readonly prepared?: boolean;
    readonly api?: (asks: FaceAnswerStore) => TakeWork;
  },
): Promise<RunsStarted> {
  const { database, databaseUrl, instance, leases, log, leaseSeconds = LEASE_SECONDS, sealing } = options;
  if (!options.prepared) {
    await prepareEngine(databaseUrl);
    await ensureEngineRights(database.pool);
  }
  const queue = await startQueue({ url: databaseUrl, clientOf: (tx) => database.clientOf(tx) });
  const asks = answerStore(database, sealing);
  const answering = answerAsks({ ...options, asks });
  const faces = faceAnswerStore(database, sealing);
  const api = options.api?.(faces) ?? null;
  const renew = () => leases.renew(instance, leaseSeconds);
  let stopping: (() => Promise<unknown>)[] = [];
  const answersApi = (work: TakeWork) => {
    const heard = listen(databaseUrl, {
      ...{ channel: FACE_ASKED_CHANNEL, name: 'portreeve-answers-api' },
      heard: () => work.wake(),
    });
    return [
      () => heard.stop(),
      () => work.stop(),
      every(LOOK_EVERY_MS, async () => work.wake(), log),
      every(TIDY_EVERY_MS, () => faces.tidy(new Date(Date.now() - KEPT_MS)), log),
    ];
  };
  return {
    queue,
    async begin() {
      await renew();
      const listener = listen(databaseUrl, {
        ...{ channel: ASKED_CHANNEL, name: 'portreeve-answers' },
        heard: () => answering.wake(),
      });
      stopping = [
        () => listener.stop(),
        () => answering.stop(),
        ...(api ? answersApi(api) : []),
        every((leaseSeconds * 1000) / RENEWALS_PER_LEASE, renew, log),
        every(LOOK_EVERY_MS, async () => answering.wake(), log),
        every(TIDY_EVERY_MS, () => asks.tidy(new Date(Date.now() - KEPT_MS)), log),
        () => leases.release(instance).catch(() => undefined),
      ];
    },
    async stop() {
      for (const step of stopping) await step();
      await queue.stop();
    },
  };
}
