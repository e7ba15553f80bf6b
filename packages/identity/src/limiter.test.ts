import { isPortreeveError } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { limiter } from './limiter.ts';

test('so many run, so many wait, the rest are turned away, and places are handed on', async () => {
  const inTurn = limiter({ running: 2, waiting: 1 });
  const finish: (() => void)[] = [];
  let started = 0;
  const work = () =>
    inTurn(async () => {
      started += 1;
      await new Promise<void>((done) => finish.push(done));
    });
  const first = [work(), work()];
  const waiting = work();
  const turnedAway = await work().catch((error: unknown) => error);
  expect(isPortreeveError(turnedAway, 'unavailable')).toBe(true);
  expect(started).toBe(2);
  finish.shift()!();
  await first[0];
  await Promise.resolve();
  expect(started).toBe(3);
  for (const done of finish.splice(0)) done();
  await Promise.all([...first, waiting]);
  const again = work();
  await Promise.resolve();
  expect(started).toBe(4);
  finish.shift()!();
  await again;
});

test('work that fails gives its place back', async () => {
  const inTurn = limiter({ running: 1, waiting: 0 });
  await expect(inTurn(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await inTurn(async () => 'yes')).toBe('yes');
});
