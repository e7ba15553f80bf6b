import type { RunId } from '@portreeve/contract';
import { type Durable, startEngine } from '@portreeve/run';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
    run,
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
    run,
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
