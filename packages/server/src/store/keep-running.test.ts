import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { keepRunning } from './keep-running.ts';

const sleeper = () => spawn('sleep', ['600'], { stdio: 'ignore' });
const alive = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;
const end = async (child: ChildProcess) => {
  if (!alive(child)) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

test('G3: what ends by itself is begun again until it comes up, and not after it was stopped', async () => {
  const begun: ChildProcess[] = [];
  const first = sleeper();
  const kept = keepRunning({
    first,
    begin() {
      // The second cannot even be started, and the third does not come up.
      if (begun.length === 1 && !failed) {
        failed = true;
        throw new Error('no room');
      }
      const child = sleeper();
      begun.push(child);
      return { child, ready: Promise.resolve(begun.length !== 2) };
    },
    end,
  });
  let failed = false;
  await end(first);
  await vi.waitFor(() => expect(begun).toHaveLength(1), { timeout: 5000 });
  await end(begun[0]!);
  await vi.waitFor(() => expect(begun).toHaveLength(3), { timeout: 5000 });
  expect(failed).toBe(true);
  expect(begun.map(alive)).toEqual([false, false, true]);
  await kept.stop();
  expect(begun.map(alive)).toEqual([false, false, false]);
  expect(begun).toHaveLength(3);
});
