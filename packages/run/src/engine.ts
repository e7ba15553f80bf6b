import { setTimeout as delay } from 'node:timers/promises';
import { DBOS, DBOSClient, DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk';
import { currentOwnerXid, functionIDGetIncrement } from '@dbos-inc/dbos-sdk/internal/context';
import { getExecutor } from '@dbos-inc/dbos-sdk/internal/dbos';
import { DBOSPortableJSON } from '@dbos-inc/dbos-sdk/internal/serialization';
import { DBOS_FUNCNAME_SLEEP, migrateSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';
import { isPortreeveError, type Json, type RunId, type Tx } from '@portreeve/contract';
import type { ClientBase } from 'pg';
import { throughClockSteps } from './clock-steps.ts';
import { enginePool } from './engine-pool.ts';
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
  /** Puts runs of this process back into the queue that the database let down. Gives how many. Called now and then. */
  takeUp(): Promise<number>;
  stop(): Promise<void>;
}

/** One start of the engine in this process. */
interface Session {
  readonly run: (run: RunId, durable: Durable) => Promise<void>;
  closing: boolean;
  /** Runs that stand still here because the engine could not write down how far they are. */
  readonly adrift: Set<string>;
  /** Runs that are this process's by their rows, and that it did not have at the last look. */
  strays: ReadonlySet<string>;
  /** Executions of which all that is under way waits for people, or for a time: they take nothing from the others. */
  readonly resting: WeakSet<Execution>;
}
let session: Session | null = null;

/** INVARIANT: registered once, at import: DBOS finds its workflows by name when it recovers them. */
DBOS.registerWorkflow(
  async (run: string): Promise<void> => {
    if (!session) throw new TypeError('the engine was not started');
    // The newest: this one has just been noted.
    const execution = getExecutor().systemDatabase.runningWorkflowMap.get(run)?.at(-1) ?? null;
    await session.run(run as RunId, durableOf(session, execution));
  },
  // Each restart counts as a recovery attempt; runs that wait for people live through many.
  { name: WORKFLOW, maxRecoveryAttempts: 1_000_000_000 },
);

/** An execution of a run as the engine counts it: what is released is not carried here. */
type Execution = Pick<NonNullable<ReturnType<Running['get']>>[number], 'release'>;
type Running = ReturnType<typeof getExecutor>['systemDatabase']['runningWorkflowMap'];

/**
 * A run whose process is stopping, or that another process has taken over, stays where it is, and goes on there. INVARIANT: it
 * must not end in any way here, also not by an error: the engine would write that down as its outcome, or the runner hand it
 * to people, and nobody would carry it on.
 */
const parked = (): Promise<never> => new Promise(() => undefined);

function durableOf(own: Session, execution: Execution | null): Durable {
  // Of this execution: how much of it is under way, and whether it has been put away.
  let underWay = 0;
  let away: Promise<boolean> | null = null;
  let waiting = 0;
  const count = (steps: number, waits: number): void => {
    underWay += steps;
    waiting += waits;
    if (!execution) return;
    if (waiting > 0 && waiting === underWay) own.resting.add(execution);
    else own.resting.delete(execution);
  };
  const unlessClosing = async <T>(work: () => Promise<T>): Promise<T> => {
    if (own.closing) return parked();
    count(1, 0);
    try {
      if (away && (await away)) return await parked();
      const result = await work();
      return own.closing ? await parked() : result;
    } catch (error) {
      if (own.closing) return parked();
      // This process was taken for dead. The engine itself would ask for the end of the run again and again until it comes.
      if (error instanceof DBOSWorkflowConflictError) {
        execution?.release();
        return parked();
      }
      // A step waits through outages by itself, so this is the engine's own checkpoint, which is not tried again. To end
      // here would be to end the run for a database that was read-only for a moment.
      if (isOutage(error) && DBOS.workflowID) {
        own.adrift.add(DBOS.workflowID);
        execution?.release();
        return parked();
      }
      throw error;
    } finally {
      count(-1, 0);
    }
  };
  return {
    step: <T extends Json>(name: string, fn: () => Promise<T>): Promise<T> =>
      unlessClosing(() => DBOS.runStep(() => throughOutages(own, fn), { name })),
    read: (fn) => unlessClosing(() => throughOutages(own, fn)),
    wait: (topic, until) => {
      // Before anything is awaited: by the clock that `until` was reckoned by.
      const asked = until.getTime() - Date.now();
      return unlessClosing(async () => {
        const run = DBOS.workflowID;
        if (run === undefined) throw new TypeError('a wait outside a run');
        // Taken before anything is awaited, so that they are the same when the run is carried again.
        const [call, timer] = [functionIDGetIncrement(), functionIDGetIncrement()];
        const { systemDatabase } = getExecutor();
        if (await systemDatabase.getOperationResultAndThrowIfCancelled(run, call)) return;
        const left = asked < PUT_AWAY_FROM_MS ? asked : (await rememberedDeadline(run, timer, until)) - Date.now();
        // What else is under way in the run would stand still with it.
        if (left >= PUT_AWAY_FROM_MS && underWay === 1) {
          away = putAway(run, topic, left, execution);
          if (await away) return parked();
          away = null;
        }
        // A nudge arrives by notification; the slow poll only catches one that was lost with a connection.
        count(0, 1);
        const alarm = left > 0 ? nudgeIn(left, run, topic) : null;
        try {
          await systemDatabase.recv(run, call, timer, topic, alarm ? NO_TIMEOUT : 0, WAIT_POLL_MS);
        } finally {
          alarm?.abort();
          count(0, -1);
        }
      });
    },
  };
}

/** What waits for so long leaves the memory; for less it would not be worth the carrying again. */
const PUT_AWAY_FROM_MS = 60_000;
const WAIT_POLL_MS = 60_000;

/**
 * The deadline of a long wait as it was when the run first came to it, in the engine's own way of remembering one. A short one
 * is reckoned anew each time: it was perhaps reckoned by a clock that has been set right since.
 */
async function rememberedDeadline(run: string, timer: number, until: Date): Promise<number> {
  const { systemDatabase } = getExecutor();
  const known = await systemDatabase.getOperationResultAndThrowIfCancelled(run, timer);
  if (known) return Number(known.output);
  const now = Date.now();
  const output = { output: String(until.getTime()), serialization: DBOSPortableJSON.name() };
  await systemDatabase.recordOperationResult(run, timer, DBOS_FUNCNAME_SLEEP, false, now, now, output);
  return until.getTime();
}

/** To the engine: only a message ends the wait. With a time it would reckon by the wall clock, which may be set meanwhile. */
const NO_TIMEOUT = Number.NaN;
/** A longer one would go off at once. Then it goes off early, and whoever waits looks, and waits again. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const NUDGE_AGAIN_MS = 1000;

/** Nudges a run of this process after so long by the monotonic clock, unless it is called off. */
function nudgeIn(ms: number, run: string, topic: string): AbortController {
  const calledOff = new AbortController();
  const { signal } = calledOff;
  const pause = (wait: number) => delay(wait, undefined, { ref: false, signal });
  const nudge = async (): Promise<void> => {
    await pause(Math.min(ms, TIMER_MS_MAX));
    for (;;) {
      const sent = await getExecutor()
        .systemDatabase.sendDirect(run, DBOSPortableJSON.stringify(true), topic, DBOSPortableJSON.name())
        .then(
          () => true,
          () => false,
        );
      if (sent) return;
      await pause(NUDGE_AGAIN_MS);
    }
  };
  // What is called off has nothing to say.
  nudge().catch(() => undefined);
  return calledOff;
}

/**
 * Puts a run that waits for people out of the memory: its row is DELAYED for `ms`, nobody's, and whoever nudges it puts it
 * back into the queue, from where it is carried again up to here. `true`: nothing of it may go on in this process;
 * `false`: it was nudged already.
 */
async function putAway(run: string, topic: string, ms: number, execution: Execution | null): Promise<boolean> {
  const { systemDatabase } = getExecutor();
  const client = await systemDatabase.connect();
  let broken = true;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    // INVARIANT: locked by a statement of its own. A nudge locks the row too, by its foreign key: either it is seen below, or
    // it sees the run put away.
    const { rowCount: owned } = await client.query(
      `SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 AND status = 'PENDING' AND owner_xid = $2 FOR UPDATE`,
      [run, currentOwnerXid(run)],
    );
    const { rowCount: nudged } = await client.query(
      'SELECT FROM dbos.notifications WHERE destination_uuid = $1 AND topic = $2 AND NOT consumed LIMIT 1',
      [run, topic],
    );
    const goes = owned === 1 && nudged === 0;
    if (goes)
      await client.query(
        `UPDATE dbos.workflow_status
            SET status = 'DELAYED', delay_until_epoch_ms = (EXTRACT(EPOCH FROM now()) * 1000)::bigint + $2, queue_name = $3,
                owner_xid = NULL, started_at_epoch_ms = NULL, updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
          WHERE workflow_uuid = $1`,
        [run, Math.ceil(ms), QUEUE],
      );
    await client.query('COMMIT');
    broken = false;
    // Somebody else's: it goes on there.
    if (owned === 0 || goes) execution?.release();
    return owned === 0 || goes;
  } finally {
    client.release(broken);
  }
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
 * takes no writes (25006), locks that are not given in time (55P03), transactions that it ends for the sake of another one (40P01,
 * 40001: nothing of them was written), and sockets that break.
 */
export function isOutage(error: unknown): boolean {
  if (isPortreeveError(error)) return error.code === 'audit_unavailable' || error.code === 'unavailable';
  if (error instanceof AggregateError && error.errors.some(isOutage)) return true;
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (
    typeof code === 'string' &&
    /^(08|53|57|58)...$|^(25006|55P03|40P01|40001)$|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code)
  )
    return true;
  return /Connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable/.test(
    error.message,
  );
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
  const pool = enginePool(options.url, `${APPLICATION}-queue`);
  const client = await DBOSClient.create({
    ...{ systemDatabaseUrl: options.url, systemDatabasePool: pool, applicationName: APPLICATION },
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
      const connection = options.clientOf(tx);
      await client.sendInTransaction(connection, run, true, topic);
      // A function of ours, since who only wakes runs may change nothing else of them (`0099_wake_run.sql`).
      await connection.query('SELECT wake_run($1)', [run]);
    },

    async stop() {
      await client.destroy();
      await pool.end();
    },
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
  /**
   * How many runs are carried at a time, those not counted that wait. The rest stay in the queue, the oldest in front, where
   * another process may take them: all at once, each would wait so long for its turn that grants and patience run out.
   */
  runsAtOnce: number;
  clientOf: (tx: Tx) => ClientBase;
  /** The engine's tables are there, and this process may not change them. */
  prepared?: boolean;
  log: (level: 'info' | 'warn' | 'error', message: string) => void;
}): Promise<Engine> {
  if (session) throw new TypeError('an engine runs already in this process');
  const pool = enginePool(options.url, `${APPLICATION}-engine`);
  const own: Session = {
    ...{ run: options.run, closing: false, adrift: new Set(), strays: new Set(), resting: new WeakSet() },
  };
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
    ...{ systemDatabaseUrl: options.url, systemDatabasePool: pool },
    ...(options.prepared ? { runMigrations: false } : {}),
    executorID: options.executor,
    applicationVersion: PIPELINE_VERSION,
    logger,
  });
  const clockSteps = throughClockSteps((message) => options.log('warn', message));
  await DBOS.launch();
  await DBOS.registerQueue(QUEUE, { minPollingIntervalMs: 100, workerConcurrency: options.runsAtOnce });
  const { systemDatabase } = getExecutor();
  // The engine counts those that wait in memory too: some that wait for people for days would keep all others out.
  systemDatabase.countRunningWorkflowsForQueue = (name) =>
    [...systemDatabase.runningWorkflowMap.values()]
      .flat()
      .filter((execution) => execution.queueName === name && !own.resting.has(execution)).length;
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
      const { systemDatabase } = getExecutor();
      const filter = { status: 'PENDING' as const, executorId: options.executor, loadInput: false, loadOutput: false };
      const mine = (await DBOS.listWorkflows(filter)).map(({ workflowID }) => workflowID);
      // A claim whose answer was lost: nobody else takes it up, as this process lives. Twice, as one may be on its way in.
      const strays = mine.filter((run) => !systemDatabase.checkForRunningWorkflow(run));
      const runs = [...new Set([...own.adrift, ...strays.filter((run) => own.strays.has(run))])];
      // What is taken up now starts anew: it may end while the next look is under way.
      own.strays = new Set(strays.filter((run) => !runs.includes(run)));
      if (runs.length === 0) return 0;
      // Before it is asked for: one that runs aground anew while the answer comes is adrift again.
      own.adrift.clear();
      await DBOS.resumeWorkflows(runs, { queueName: QUEUE }).catch((error: unknown) => {
        for (const run of runs) own.adrift.add(run);
        throw error;
      });
      return runs.length;
    },

    async stop() {
      own.closing = true;
      clockSteps.end();
      await queue.stop();
      await DBOS.shutdown();
      await pool.end();
      session = null;
    },
  };
}
