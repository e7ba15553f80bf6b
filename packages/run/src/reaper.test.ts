import { fixedClock, newId, type RunId } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { afterEach, describe, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { type Reaper, startReaper } from './reaper.ts';
import { memoryLeaseStore } from './testing/index.ts';

let reaper: Reaper | undefined;
afterEach(async () => {
  await reaper?.stop();
  reaper = undefined;
});

/** A reaper over leases in memory and an engine that says which runs are pending where. */
async function setUp(pending: Record<string, RunId[]> = {}) {
  const clock = fixedClock('2026-11-20T12:00:00.000Z');
  const leases = memoryLeaseStore(clock);
  const audit = memoryAuditWriter();
  const uow = memoryUnitOfWork(audit);
  const taken: string[] = [];
  const broken = new Set<string>();
  const engine: Pick<Engine, 'executor' | 'pendingExecutors' | 'takeOver' | 'takeUp'> = {
    executor: 'me',
    takeUp: async () => 0,
    pendingExecutors: async () => new Map(Object.entries(pending)),
    async takeOver(executor) {
      if (broken.has(executor)) throw new Error('the database is away');
      taken.push(executor);
      delete pending[executor];
    },
  };
  reaper = await startReaper({
    engine: engine as Engine,
    leases,
    audit,
    uow,
    aboutRuns: async (runs) =>
      new Map(runs.map((run) => [run, { workflow: 'triage', release: `sha256:${'0'.repeat(64)}` }])),
    log: () => undefined,
  });
  const run = () => newId('run', clock);
  return { clock, leases, audit, taken, broken, pending, run, reaper };
}

describe('J2: runs of dead executors', () => {
  test('whoever starts holds a lease at once, and gives it back when it stops', async () => {
    const { leases, reaper: mine } = await setUp();
    expect(await leases.dead(['me'])).toEqual([]);
    await mine.stop();
    expect(await leases.dead(['me'])).toEqual(['me']);
  });

  test('a dead executor’s runs are taken over, and that is recorded once for each', async () => {
    const { pending, run, audit, taken, reaper: mine } = await setUp();
    const runs = [run(), run()];
    pending.gone = runs;
    expect(await mine.sweep()).toBe(2);
    expect(taken).toEqual(['gone']);
    expect(audit.of('run.recovered')).toMatchObject(
      runs.map((id) => ({
        refs: { run: id, workflow: 'triage' },
        actor: { kind: 'system' },
        data: { from_executor: 'gone', by_executor: 'me' },
      })),
    );
    expect(await mine.sweep()).toBe(0);
    expect(taken).toEqual(['gone']);
  });

  test('a living executor’s runs are left alone until its lease is over', async () => {
    const { pending, run, leases, clock, audit, taken, reaper: mine } = await setUp();
    pending.other = [run()];
    await leases.renew('other', 15);
    clock.advance(14_999);
    expect(await mine.sweep()).toBe(0);
    expect(taken).toEqual([]);
    expect(audit.drafts).toEqual([]);
    clock.advance(1);
    expect(await mine.sweep()).toBe(1);
    expect(taken).toEqual(['other']);
  });

  test('G3: a recovery that cannot be recorded does not happen', async () => {
    const { pending, run, audit, taken, reaper: mine } = await setUp();
    pending.gone = [run()];
    audit.failWith(new Error('disk full'));
    await expect(mine.sweep()).rejects.toThrow('disk full');
    expect(taken).toEqual([]);
    audit.failWith(null);
    expect(await mine.sweep()).toBe(1);
  });

  test('one that was recorded and broke off is made again and not recorded again', async () => {
    const { pending, run, audit, taken, broken, reaper: mine } = await setUp();
    pending.gone = [run()];
    broken.add('gone');
    await expect(mine.sweep()).rejects.toThrow('the database is away');
    broken.clear();
    expect(await mine.sweep()).toBe(1);
    expect(taken).toEqual(['gone']);
    expect(audit.of('run.recovered')).toHaveLength(1);
  });

  test('a run that dies twice, in two executors, is recovered twice on record', async () => {
    const { pending, run, audit, reaper: mine } = await setUp();
    const id = run();
    pending.first = [id];
    await mine.sweep();
    pending.second = [id];
    await mine.sweep();
    expect(audit.of('run.recovered').map(({ data }) => data.from_executor)).toEqual(['first', 'second']);
  });
});
