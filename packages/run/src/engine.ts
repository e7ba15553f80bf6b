import { setTimeout as delay } from 'node:timers/promises';
import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk';
import { getExecutor } from '@dbos-inc/dbos-sdk/internal/dbos';
import { migrateSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';
import { isPortreeveError, type Json, type RunId, type Tx } from '@portreeve/contract';
import type { ClientBase } from 'pg';
import type { Durable, RunQueue } from './ports.ts';

const APPLICATION = 'portreeve';
const QUEUE = 'runs';
const WORKFLOW = 'portreeve.run';
/** Changes only when the order of the pipeline's own steps changes: runs of another version are not picked up. */
const PIPELINE_VERSION = '1';

export interface Engine extends RunQueue {
  /** This process, as the leases and the executions name it. */
  readonly executor: string;
  /** Executors that began runs which have not ended. */
  pendingExecutors(): Promise<Map<string, RunId[]>>;
  /** Puts the unfinished runs of a dead executor back into the queue. */
  takeOver(executor: string): Promise<void>;
  /** Puts runs of this process back into the queue that the database let down. Gives how many. */
  takeUp(): Promise<number>;
  stop(): Promise<void>;
}

/** One start of the engine in this process. */
interface Session {
  readonly run: (run: RunId, durable: Durable) => Promise<void>;
  closing: boolean;
  /** Runs that stand still here because the engine could not write down how far they are. */
  readonly adrift: Set<string>;
}
let session: Session | null = null;

/** INVARIANT: registered once, at import: DBOS finds its workflows by name when it recovers them. */
DBOS.registerWorkflow(
  async (run: string): Promise<void> => {
    if (!session) throw new TypeError('the engine was not started');
    await session.run(run as RunId, durableOf(session));
  },
  // Each restart counts as a recovery attempt; runs that wait for people live through many.
  { name: WORKFLOW, maxRecoveryAttempts: 1_000_000_000 },
);

/**
 * A run whose process is stopping stays where it is, and goes on in the next one. INVARIANT: it must not end in any way,
 * also not by an error: the engine would write that down as its outcome, and nobody would recover it.
 */
const parked = (): Promise<never> => new Promise(() => undefined);

function durableOf(own: Session): Durable {
  const unlessClosing = async <T>(work: () => Promise<T>): Promise<T> => {
    if (own.closing) return parked();
    try {
      const result = await work();
      return own.closing ? await parked() : result;
    } catch (error) {
      if (own.closing) return parked();
      // A step waits through outages by itself, so this is the engine's own checkpoint, which is not tried again. To end
      // here would be to end the run for a database that was read-only for a moment.
      if (isOutage(error) && DBOS.workflowID) {
        own.adrift.add(DBOS.workflowID);
        return parked();
      }
      throw error;
    }
  };
  return {
    step: <T extends Json>(name: string, fn: () => Promise<T>): Promise<T> =>
      unlessClosing(() => DBOS.runStep(() => throughOutages(own, fn), { name })),
    read: (fn) => unlessClosing(() => throughOutages(own, fn)),
    async wait(topic, until) {
      // A nudge arrives by notification; the slow poll only catches one that was lost with a connection.
      await unlessClosing(() => DBOS.recv(topic, { deadlineEpochMS: until.getTime(), pollingIntervalMs: 60_000 }));
    },
  };
}

const OUTAGE_WAIT_FIRST_MS = 250;
const OUTAGE_WAIT_MAX_MS = 10_000;

/**
 * A database that is away for a while is no reason to end a run: the step waits for it and is made again. Every step can
 * be: what it writes has the same record keys each time.
 */
async function throughOutages<T>(own: Session, fn: () => Promise<T>): Promise<T> {
  for (let wait = OUTAGE_WAIT_FIRST_MS; ; wait = Math.min(wait * 2, OUTAGE_WAIT_MAX_MS)) {
    try {
      return await fn();
    } catch (error) {
      if (!isOutage(error)) throw error;
      await delay(wait, undefined, { ref: false });
      // Not an error: the engine would remember it as what the step gave.
      if (own.closing) await parked();
    }
  }
}

/**
 * SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention) and 58 (the system below), a database that
 * takes no writes (25006), locks that are not given in time (55P03), and sockets that break.
 */
export function isOutage(error: unknown): boolean {
  if (isPortreeveError(error)) return error.code === 'audit_unavailable' || error.code === 'unavailable';
  if (error instanceof AggregateError && error.errors.some(isOutage)) return true;
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (
    typeof code === 'string' &&
    /^(08|53|57|58)...$|^(25006|55P03)$|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code)
  )
    return true;
  return /Connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable/.test(
    error.message,
  );
}

/**
 * Sets the session's idle time-out in the address: otherwise the engine sets it by a query beside each connection's first
 * one, which `pg` warns about.
 */
function withIdleTimeout(url: string): string {
  const address = new URL(url);
  const options = address.searchParams.get('options');
  address.searchParams.set('options', `${options ? `${options} ` : ''}-c idle_in_transaction_session_timeout=60000`);
  return address.href;
}

/** Makes the engine's tables on a database that has none: for who puts a backup back, and for processes that may not. */
export async function prepareEngine(url: string): Promise<void> {
  const quiet = () => undefined;
  // Not by `DBOS.migrate`, which writes on standard output.
  await migrateSystemDatabase(url, { debug: quiet, info: quiet, warn: quiet, error: quiet } as never);
}

type Queue = RunQueue & { stop(): Promise<void> };

/** Starts and wakes runs that other processes carry out. The engine's tables are there already: {@link prepareEngine}. */
export async function startQueue(options: { url: string; clientOf: (tx: Tx) => ClientBase }): Promise<Queue> {
  const client = await DBOSClient.create({
    systemDatabaseUrl: withIdleTimeout(options.url),
    applicationName: APPLICATION,
  });
  return {
    async enqueue(tx, run) {
      await client.enqueueInTransaction(
        options.clientOf(tx),
        { queueName: QUEUE, workflowName: WORKFLOW, workflowID: run, appVersion: PIPELINE_VERSION },
        run,
      );
    },

    async nudge(tx, run, topic) {
      await client.sendInTransaction(options.clientOf(tx), run, true, topic);
    },

    stop: () => client.destroy(),
  };
}

/**
 * Starts the durable engine of this process on the database. One engine a process: DBOS keeps its state in statics.
 * `clientOf` gives the connection of an open transaction, so that starting and waking a run commit with the rest.
 */
export async function startEngine(options: {
  url: string;
  executor: string;
  run: (run: RunId, durable: Durable) => Promise<void>;
  clientOf: (tx: Tx) => ClientBase;
  /** The engine's tables are there, and this process may not change them. */
  prepared?: boolean;
  log: (level: 'info' | 'warn' | 'error', message: string) => void;
}): Promise<Engine> {
  if (session) throw new TypeError('an engine runs already in this process');
  const url = withIdleTimeout(options.url);
  const own: Session = { run: options.run, closing: false, adrift: new Set() };
  session = own;
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (entry: unknown) => options.log('warn', String(entry)),
    error: (entry: unknown) => {
      if (!own.closing) options.log('error', entry instanceof Error ? entry.message : String(entry));
    },
  };
  DBOS.setConfig({
    name: APPLICATION,
    systemDatabaseUrl: url,
    ...(options.prepared ? { runMigrations: false } : {}),
    executorID: options.executor,
    applicationVersion: PIPELINE_VERSION,
    logger,
  });
  await DBOS.launch();
  await DBOS.registerQueue(QUEUE, { minPollingIntervalMs: 100 });
  const queue = await startQueue(options);

  return {
    executor: options.executor,
    ...{ enqueue: queue.enqueue, nudge: queue.nudge },

    async pendingExecutors() {
      const pending = await DBOS.listWorkflows({ status: 'PENDING' });
      const runsByExecutor = new Map<string, RunId[]>();
      for (const { executorId, workflowID } of pending) {
        if (!executorId || executorId === options.executor) continue;
        const runs = runsByExecutor.get(executorId) ?? [];
        runsByExecutor.set(executorId, [...runs, workflowID as RunId]);
      }
      return runsByExecutor;
    },

    async takeOver(executor) {
      await getExecutor().recoverPendingWorkflows([executor]);
    },

    async takeUp() {
      const runs = [...own.adrift];
      if (runs.length === 0) return 0;
      await DBOS.resumeWorkflows(runs, { queueName: QUEUE });
      for (const run of runs) own.adrift.delete(run);
      return runs.length;
    },

    async stop() {
      own.closing = true;
      await queue.stop();
      await DBOS.shutdown();
      session = null;
    },
  };
}
