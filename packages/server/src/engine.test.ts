import { asId, type RunId } from '@portreeve/contract';
import { memoryAuditWriter } from '@portreeve/contract/testing';
import { type Durable, type Engine, startEngine, startReaper } from '@portreeve/run';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { leaseStore } from './store/leases.ts';
import { type TestDatabase, testDatabase } from './store/testing/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

function deferred<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('E6 J2: a run is queued in the transaction, waits, is woken in a transaction, and its steps are not repeated', async () => {
  const waiting = deferred<void>();
  const ended = deferred<void>();
  const steps: string[] = [];
  const run = async (_id: RunId, durable: Durable) => {
    await durable.step('one', async () => {
      steps.push('one');
      return 1;
    });
    waiting.resolve();
    await durable.wait('approval:x', new Date(Date.now() + 60_000));
    await durable.step('two', async () => {
      steps.push('two');
      return 2;
    });
    ended.resolve();
  };
  const first = await startEngine({
    url: db.url,
    executor: 'a',
    ...{ run, runsAtOnce: 100 },
    clientOf: (tx) => db.database.clientOf(tx),
    log: () => undefined,
  });
  const id = 'run_engine1' as RunId;
  await expect(
    db.database.transaction(async (tx) => {
      await first.enqueue(tx, 'run_never' as RunId);
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await db.database.transaction((tx) => first.enqueue(tx, id));
  await waiting.promise;
  await first.stop();
  expect(steps).toEqual(['one']);

  const second = await startEngine({
    url: db.url,
    executor: 'b',
    ...{ run, runsAtOnce: 100 },
    clientOf: (tx) => db.database.clientOf(tx),
    log: () => undefined,
  });
  const pending = await second.pendingExecutors();
  expect([...pending]).toEqual([['a', [id]]]);
  expect(await leaseStore(db.database).dead(['a'])).toEqual(['a']);
  await second.takeOver('a');
  await db.database.transaction((tx) => second.nudge(tx, id, 'approval:x'));
  await ended.promise;
  await second.stop();
  expect(steps).toEqual(['one', 'two']);
});

describe('a run outlives its process', () => {
  // What other runs left behind is none of these tests' business.
  let own: TestDatabase;
  let engine: Engine | null = null;
  beforeEach(async () => {
    own = await testDatabase();
  });
  afterEach(async () => {
    await engine?.stop();
    engine = null;
    await own.close();
  });
  const start = async (
    executor: string,
    run: (id: RunId, durable: Durable) => Promise<void>,
    runsAtOnce = 100,
  ): Promise<Engine> => {
    engine = await startEngine({
      ...{ url: own.url, executor, run, runsAtOnce },
      clientOf: (tx) => own.database.clientOf(tx),
      log: () => undefined,
    });
    return engine;
  };
  const stop = async (): Promise<void> => {
    const stopping = engine?.stop();
    engine = null;
    await stopping;
  };
  const enqueue = (id: RunId) => own.database.transaction((tx) => engine!.enqueue(tx, id));
  const pending = async (): Promise<RunId[]> => [...(await engine!.pendingExecutors()).values()].flat();
  const outage = () => Object.assign(new Error('terminating connection'), { code: '57P01' });

  test('J2: a step, and a look, that meet a database outage are made again, and the run goes on', async () => {
    const ended = deferred<unknown>();
    let tries = 0;
    let looks = 0;
    await start('outage-a', async (_id, durable) => {
      const got = await durable.step('one', async () => {
        if (++tries === 1) throw outage();
        return tries;
      });
      const seen = await durable.read(async () => {
        if (++looks === 1) throw outage();
        return { looks };
      });
      ended.resolve([got, seen]);
    });
    await enqueue(asId('run', 'run_outage'));
    expect(await ended.promise).toEqual([2, { looks: 2 }]);
  });

  test('J2: a clock that is set back, and set right again, keeps no run waiting', async () => {
    const real = Date.now;
    const began: RunId[] = [];
    const said: string[] = [];
    const run = async (id: RunId) => {
      began.push(id);
    };
    engine = await startEngine({
      ...{ url: own.url, executor: 'clock-a', run, runsAtOnce: 100, log: (_, message) => said.push(message) },
      clientOf: (tx) => own.database.clientOf(tx),
    });
    const hears = (what: string) => expect.poll(() => said.splice(0).join()).toContain(what);
    const runs = async (name: string) => {
      await enqueue(name as RunId);
      await expect.poll(() => began, { timeout: 8000 }).toContain(name);
    };
    try {
      await runs('run_before');
      vi.spyOn(Date, 'now').mockImplementation(() => real() - 30 * 60_000);
      await hears('the clock was set back by');
      await runs('run_back');
      vi.mocked(Date.now).mockImplementation(() => real() + 30 * 60_000);
      await hears('the clock was set ahead by');
      await runs('run_ahead');
      vi.restoreAllMocks();
      await hears('the clock was set back by');
      await runs('run_right');
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('J2: a short wait lasts as long as it was to last, whatever becomes of the clock meanwhile', async () => {
    const real = Date.now;
    const waits = deferred<void>();
    const ended = deferred<void>();
    const run = async (_id: RunId, durable: Durable) => {
      waits.resolve();
      await durable.wait('execution:x', new Date(Date.now() + 1500));
      ended.resolve();
    };
    await start('short-a', run);
    // It begins by a clock that is half an hour ahead, and that is set right.
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 30 * 60_000);
    try {
      await enqueue('run_short' as RunId);
      await waits.promise;
      vi.restoreAllMocks();
      await ended.promise;
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('C4: so many runs are carried at a time; one that waits in memory takes no place', async () => {
    const begun: RunId[] = [];
    const ids = [...'abcde'].map((name) => asId('run', `run_at_once_${name}`));
    const doors = new Map(ids.map((id) => [id, { open: deferred<void>(), ended: deferred<void>() }]));
    await start(
      'at-once',
      async (id, durable) => {
        // For less than what is put away.
        if (begun.push(id) === 1) await durable.wait('approval:x', new Date(Date.now() + 50_000));
        await durable.step('work', async () => {
          await doors.get(id)!.open.promise;
          return null;
        });
        doors.get(id)!.ended.resolve();
      },
      2,
    );
    for (const id of ids) await enqueue(id);
    await vi.waitFor(() => expect(begun).toHaveLength(3), { timeout: 10_000 });
    const [first, second] = begun as [RunId, RunId];
    doors.get(second)!.open.resolve();
    await vi.waitFor(() => expect(begun).toHaveLength(4), { timeout: 10_000 });
    doors.get(first)!.open.resolve();
    await own.database.transaction((tx) => engine!.nudge(tx, first, 'approval:x'));
    await doors.get(first)!.ended.promise;
    // Two work on, so the last one has no place.
    expect(begun).toHaveLength(4);
    for (const { open } of doors.values()) open.resolve();
    await Promise.all([...doors.values()].map(({ ended }) => ended.promise));
    expect(new Set(begun)).toEqual(new Set(ids));
  });

  test.each([
    ['25006', 'a step'],
    ['25006', 'a wait'],
    ['58030', 'a step'],
  ])('J2: a run whose checkpoint is not written (%s, at %s) goes on in the same process', async (code, where) => {
    const ended = deferred<void>();
    const inside = deferred<void>();
    const refuseWrites = (table: string, on: boolean) =>
      own.database.pool.query(
        on
          ? `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
               AS $$ BEGIN RAISE EXCEPTION 'no writes now' USING ERRCODE = '${code}'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON dbos.${table} EXECUTE FUNCTION refuse()`
          : `DROP TRIGGER refuse ON dbos.${table}`,
      );
    let steps = 0;
    const started = await start(
      'checkpoint-a',
      async (_id, durable) => {
        if (where === 'a step')
          await durable.step('one', async () => {
            if (++steps === 1) await refuseWrites('operation_outputs', true);
            inside.resolve();
            return null;
          });
        else {
          if (++steps === 1) await refuseWrites('operation_outputs', true);
          inside.resolve();
          await durable.wait('nothing', new Date());
        }
        ended.resolve();
      },
      // What ran aground takes no place: otherwise it would never be taken up here.
      1,
    );
    await enqueue(asId('run', `run_checkpoint_${code}_${where.slice(2)}`));
    await inside.promise;
    // Only what has run aground is taken up.
    await vi.waitFor(async () => expect(await started.takeUp()).toBe(1));
    expect(steps).toBe(1);
    await refuseWrites('operation_outputs', false);
    await ended.promise;
    expect(await started.takeUp()).toBe(0);
  });

  test('what is no outage reaches the run, and comes back as an error when the step is not made again', async () => {
    const ended = deferred<unknown>();
    let tries = 0;
    await start('fault-a', async (_id, durable) => {
      const fault = await durable
        .step('one', async () => {
          tries++;
          throw new TypeError('a bug');
        })
        .catch((error: unknown) => error);
      ended.resolve(fault);
    });
    await enqueue(asId('run', 'run_fault'));
    expect(await ended.promise).toMatchObject({ name: 'TypeError', message: 'a bug' });
    expect(tries).toBe(1);
  });

  test('J2: a run whose process stops between two steps goes on in the next one', async () => {
    const id = asId('run', 'run_stopped');
    const inside = deferred<void>();
    const leave = deferred<void>();
    const ended = deferred<void>();
    const steps: string[] = [];
    const run = async (_id: RunId, durable: Durable) => {
      await durable.step('one', async () => {
        steps.push('one');
        return null;
      });
      inside.resolve();
      await leave.promise;
      await durable.step('two', async () => {
        steps.push('two');
        return null;
      });
      ended.resolve();
    };
    await start('stop-a', run);
    await enqueue(id);
    await inside.promise;
    const stopping = stop();
    leave.resolve();
    await stopping;
    expect(steps).toEqual(['one']);

    const next = await start('stop-b', run);
    expect(await pending()).toEqual([id]);
    await next.takeOver('stop-a');
    await ended.promise;
    expect(steps).toEqual(['one', 'two']);
  });

  test('J2: a run that another process has taken over is let go here, ends in no way, and may come back', async () => {
    const id = asId('run', 'run_elsewhere');
    const inside = deferred<void>();
    const leave = deferred<void>();
    const ended = deferred<void>();
    const said: unknown[] = [];
    let times = 0;
    const started = await start('slow-a', async (_id, durable) => {
      const time = ++times;
      await durable.step('one', async () => null);
      if (time === 1) {
        inside.resolve();
        await leave.promise;
      }
      // What was taken over learns nothing: its code cannot make an end of it.
      await durable.step('two', async () => null).catch((error: unknown) => said.push(error));
      said.push(`${time} went on`);
      ended.resolve();
    });
    await enqueue(id);
    await inside.promise;
    // As one that took over leaves the row.
    await own.database.pool.query(
      `UPDATE dbos.workflow_status SET executor_id = 'fast-b', owner_xid = '1' WHERE workflow_uuid = $1`,
      [id],
    );
    leave.resolve();
    await started.takeOver('fast-b');
    await ended.promise;
    await stop();
    expect(said).toEqual(['2 went on']);
    const { rows } = await own.database.pool.query('SELECT status FROM dbos.workflow_status WHERE workflow_uuid = $1', [
      id,
    ]);
    expect(rows).not.toEqual([{ status: 'ERROR' }]);
  });

  test('J2: a run whose process stops during an outage goes on in the next one', async () => {
    const id = asId('run', 'run_outage_stopped');
    const failed = deferred<void>();
    const ended = deferred<void>();
    let away = true;
    const run = async (_id: RunId, durable: Durable) => {
      await durable.step('one', async () => {
        if (!away) return null;
        failed.resolve();
        throw outage();
      });
      ended.resolve();
    };
    await start('away-a', run);
    await enqueue(id);
    await failed.promise;
    await stop();
    away = false;

    const next = await start('away-b', run);
    expect(await pending()).toEqual([id]);
    await next.takeOver('away-a');
    await ended.promise;
  });

  describe('a run that waits for people', () => {
    const HOUR_MS = 3_600_000;
    const rowOf = async (id: RunId) => {
      const { rows } = await own.database.pool.query(
        'SELECT status, owner_xid, delay_until_epoch_ms::float8 AS until FROM dbos.workflow_status WHERE workflow_uuid = $1',
        [id],
      );
      return rows[0];
    };
    /** The queue is looked at ten times a second, but a process that has just started takes a while to begin. */
    const comes = (look: () => unknown) => vi.waitFor(look, 20_000);
    const putAway = (id: RunId) => comes(async () => expect(await rowOf(id)).toMatchObject({ status: 'DELAYED' }));
    const nudge = (id: RunId) => own.database.transaction((tx) => engine!.nudge(tx, id, 'approval:x'));
    /** One step, a wait for an hour, another step, and another wait for an hour. */
    const patient = () => {
      const steps: string[] = [];
      const ended = deferred<void>();
      const run = async (_id: RunId, durable: Durable) => {
        for (const name of ['one', 'two']) {
          await durable.step(name, async () => {
            steps.push(name);
            return null;
          });
          await durable.wait('approval:x', new Date(Date.now() + HOUR_MS));
        }
        ended.resolve();
      };
      return { steps, ended: ended.promise, run };
    };

    test('J2: leaves the memory, is nobody’s, and goes on where it stood once it is nudged', async () => {
      const id = asId('run', 'run_patient');
      const { steps, ended, run } = patient();
      const first = await start('patient-a', run);
      await enqueue(id);
      await putAway(id);
      expect(await rowOf(id)).toMatchObject({ owner_xid: null, until: expect.closeTo(Date.now() + HOUR_MS, -5) });
      expect(await first.takeUp()).toBe(0);
      await nudge(id);
      // Put away again: in the step before, its row is no longer DELAYED.
      await comes(() => expect(steps).toEqual(['one', 'two']));
      await putAway(id);

      await stop();
      await start('patient-b', run);
      expect(await pending()).toEqual([]);
      await nudge(id);
      await ended;
      expect(steps).toEqual(['one', 'two']);
    });

    test('J2: a nudge that commits while it is put away wakes it', async () => {
      const id = asId('run', 'run_raced');
      const standing = deferred<void>();
      const nudged = deferred<void>();
      const commit = deferred<void>();
      const ended = deferred<void>();
      await start('raced-a', async (_id, durable) => {
        await durable.step('one', async () => {
          standing.resolve();
          await nudged.promise;
          return null;
        });
        await durable.wait('approval:x', new Date(Date.now() + HOUR_MS));
        ended.resolve();
      });
      await enqueue(id);
      await standing.promise;
      const nudging = own.database.transaction(async (tx) => {
        await engine!.nudge(tx, id, 'approval:x');
        nudged.resolve();
        await commit.promise;
      });
      // It stands at the lock of its row, which the open nudge holds.
      await comes(async () => {
        const { rowCount } = await own.database.pool.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE'`,
        );
        expect(rowCount).toBe(1);
      });
      commit.resolve();
      await nudging;
      await ended.promise;
    });

    test('J2: carried again before its time and without a nudge, it waits on until the same moment', async () => {
      const id = asId('run', 'run_early');
      const { steps, ended, run } = patient();
      await start('early-a', run);
      await enqueue(id);
      await putAway(id);
      const { until } = await rowOf(id);
      await own.database.pool.query(`UPDATE dbos.workflow_status SET status = 'ENQUEUED', delay_until_epoch_ms = 0`);
      // By the clock of the database, so a few milliseconds beside it.
      const moment = expect.closeTo(until!, -3);
      await comes(async () => expect(await rowOf(id)).toMatchObject({ status: 'DELAYED', until: moment }));
      // Its time is over.
      await own.database.pool.query(
        `UPDATE dbos.operation_outputs SET output = '0' WHERE workflow_uuid = $1 AND function_name = 'DBOS.sleep'`,
        [id],
      );
      await own.database.pool.query('UPDATE dbos.workflow_status SET delay_until_epoch_ms = 0');
      await comes(() => expect(steps).toEqual(['one', 'two']));
      await putAway(id);
      await nudge(id);
      await ended;
    });

    test('J2: a claim that this process knows nothing of is taken up at the second look', async () => {
      const id = asId('run', 'run_stray');
      const { steps, ended, run } = patient();
      const started = await start('stray-a', run);
      await enqueue(id);
      await putAway(id);
      expect(await started.takeUp()).toBe(0);
      // As a claim whose answer was lost with the connection leaves it.
      await own.database.pool.query(
        `UPDATE dbos.workflow_status SET status = 'PENDING', owner_xid = 'x', delay_until_epoch_ms = NULL`,
      );
      expect(await started.takeUp()).toBe(0);
      expect(await started.takeUp()).toBe(1);
      await putAway(id);
      expect(await started.takeUp()).toBe(0);
      expect(steps).toEqual(['one']);
      await nudge(id);
      await comes(() => expect(steps).toEqual(['one', 'two']));
      await putAway(id);
      await nudge(id);
      await ended;
    });

    test('J2: stays in memory while another of its branches is under way', async () => {
      const id = asId('run', 'run_branches');
      const inside = deferred<void>();
      const leave = deferred<void>();
      const ended = deferred<void>();
      let times = 0;
      await start('branches-a', async (_id, durable) => {
        await Promise.all([
          durable.step('slow', async () => {
            times++;
            inside.resolve();
            await leave.promise;
            return null;
          }),
          durable.wait('approval:x', new Date(Date.now() + HOUR_MS)),
        ]);
        ended.resolve();
      });
      await enqueue(id);
      await inside.promise;
      await comes(async () => {
        const { rowCount } = await own.database.pool.query(
          `SELECT FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_name = 'DBOS.sleep'`,
          [id],
        );
        expect(rowCount).toBe(1);
      });
      await nudge(id);
      expect(await rowOf(id)).toMatchObject({ status: 'PENDING' });
      leave.resolve();
      await ended.promise;
      expect(times).toBe(1);
    });
  });

  test('J2: the reaper takes over the runs of a dead executor, records that once, and leaves a living one alone', async () => {
    const leases = leaseStore(own.database);
    const ids = { dead: asId('run', 'run_of_the_dead'), living: asId('run', 'run_of_the_living') };
    const ended: RunId[] = [];
    const both = { dead: deferred<void>(), living: deferred<void>() };
    const waits = { dead: deferred<void>(), living: deferred<void>() };
    const which = (id: RunId) => (id === ids.dead ? 'dead' : 'living');
    const run = async (id: RunId, durable: Durable) => {
      await durable.step('one', async () => null);
      waits[which(id)].resolve();
      await durable.wait('approval:x', new Date(Date.now() + 60_000));
      ended.push(id);
      both[which(id)].resolve();
    };
    for (const name of ['dead', 'living'] as const) {
      await start(name, run);
      await leases.renew(name, 60);
      await enqueue(ids[name]);
      await waits[name].promise;
      await stop();
    }
    await leases.renew('dead', 0);

    const audit = memoryAuditWriter();
    const survivor = await start('survivor', run);
    const uow = own.database;
    const about = { workflow: 'triage', release: `sha256:${'0'.repeat(64)}` as const };
    const aboutRuns = async (left: readonly RunId[]) => new Map(left.map((run) => [run, about]));
    const reaper = await startReaper({ engine: survivor, leases, audit, uow, aboutRuns, log: () => undefined });
    try {
      expect(await leases.dead(['survivor'])).toEqual([]);
      expect(await reaper.sweep()).toBe(1);
      expect(await reaper.sweep()).toBe(0);
      for (const id of Object.values(ids)) await own.database.transaction((tx) => survivor.nudge(tx, id, 'approval:x'));
      await both.dead.promise;
      expect(ended).toEqual([ids.dead]);
      expect(audit.of('run.recovered')).toMatchObject([
        { refs: { run: ids.dead }, data: { from_executor: 'dead', by_executor: 'survivor' } },
      ]);

      await leases.renew('living', 0);
      expect(await reaper.sweep()).toBe(1);
      await both.living.promise;
      expect(audit.of('run.recovered')).toHaveLength(2);
    } finally {
      await reaper.stop();
    }
    expect(await leases.dead(['survivor'])).toEqual(['survivor']);
  });
});
