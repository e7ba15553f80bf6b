import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PortreeveError } from '@portreeve/contract';

const WAIT_MS = 25;
const WAITS_MAX = 400;

/**
 * Runs `fn` while no other process runs one on the same folder. A lock that a dead process left is taken over. Throws
 * `conflict` where another holds it for ten seconds.
 */
export async function locked<T>(folder: string, fn: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = join(folder, '.lock');
  for (let waits = 0; !(await taken(lock)); waits++) {
    if (waits === WAITS_MAX)
      throw new PortreeveError('conflict', 'Another process changes the secrets.', {
        next: `Wait, or remove ${lock}.`,
      });
    await delay(WAIT_MS);
  }
  try {
    return await fn();
  } finally {
    await rm(lock, { force: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  // Renaming is atomic: of several that find the holder dead, one moves the lock away.
  if (holder > 0 && !lives(holder)) {
    const stale = `${lock}.${holder}`;
    await rename(lock, stale).then(
      () => rm(stale, { force: true }),
      () => undefined,
    );
  }
  return false;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
