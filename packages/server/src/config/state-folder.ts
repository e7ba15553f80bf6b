import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { writeWhole } from './write-whole.ts';

const holderSchema = z.strictObject({
  pid: z.int().min(1),
  /** When that process began, as the system counts it; guards against a reused pid. */
  started: z.string(),
  url: z.string().nullable(),
});

/** What a running Portreeve leaves in its state folder, so that another one and the CLI find it. */
export type Holder = z.infer<typeof holderSchema>;

export interface StateFolder {
  readonly path: string;
  /** Says where the API listens. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the state folder for this process alone. Throws `already_running` while another process holds it; what a killed
 * process left behind is taken over.
 */
export async function takeStateFolder(folder: string): Promise<StateFolder> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lock = join(path, 'holder.json');
  const mine: Holder = { pid: process.pid, started: await startOf(process.pid), url: null };
  await oneAtATime(`${lock}.taking`, async () => {
    const holder = await readHolder(path);
    if (holder && (await lives(holder))) throw heldBy(holder, path);
    await writeWhole(lock, JSON.stringify(mine));
  });
  return {
    path,
    announce: (url) => writeWhole(lock, JSON.stringify({ ...mine, url })),
    release: () => rm(lock, { force: true }),
  };
}

/** Who holds the folder, or null. */
export async function readHolder(folder: string): Promise<Holder | null> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(join(folder, 'holder.json'), 'utf8')));
  } catch {
    return null;
  }
}

function heldBy({ pid, url }: Holder, path: string): PortreeveError {
  return new PortreeveError('already_running', `Process ${pid} holds ${path}${url ? ` and answers on ${url}` : ''}.`, {
    next: url
      ? `Use it as it is (portreeve --server ${url} …), or stop it first (kill ${pid}).`
      : `Stop it first (kill ${pid}).`,
  });
}

const WAIT_MS = 20;
const WAITS_MAX = 150;

/**
 * Runs `fn` while no other process runs one under the same name: looking who holds the folder and taking it must be one
 * act. Making a directory is atomic. One that stays for seconds was left behind in the middle of it.
 */
async function oneAtATime(directory: string, fn: () => Promise<void>): Promise<void> {
  for (let waits = 0; ; waits++) {
    try {
      await mkdir(directory, { mode: 0o700 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (waits % WAITS_MAX === WAITS_MAX - 1) await rmdir(directory).catch(() => undefined);
    await delay(WAIT_MS);
  }
  try {
    await fn();
  } finally {
    await rmdir(directory).catch(() => undefined);
  }
}

/** Whether the process that holds a folder is there. */
export async function lives(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await startOf(holder.pid)) === holder.started;
}

/** Field 22 of `/proc/PID/stat`; empty where there is no such file, and then the pid alone decides. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command's name (field 2) may hold spaces; everything behind its closing bracket is regular.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not asked how.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
}
