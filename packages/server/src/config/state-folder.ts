import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PortreeveError } from '@portreeve/contract';

/** What a running Portreeve leaves in its state folder, so that another one and the CLI find it. */
export interface Holder {
  readonly pid: number;
  /** When that process began, as the system counts it; guards against a reused pid. */
  readonly started: string;
  readonly url: string | null;
}

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
  for (let attempt = 1; ; attempt++) {
    try {
      await writeFile(lock, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readHolder(path);
    if (holder && (await lives(holder))) {
      throw new PortreeveError(
        'already_running',
        `Process ${holder.pid} holds ${path}${holder.url ? ` and answers on ${holder.url}` : ''}.`,
        {
          next: holder.url
            ? `Use it as it is (portreeve --server ${holder.url} …), or stop it first (kill ${holder.pid}).`
            : `Stop it first (kill ${holder.pid}).`,
        },
      );
    }
    if (attempt === 5) throw new PortreeveError('already_running', `Another process is just taking ${path}.`);
    await rm(lock, { force: true });
  }
  return {
    path,
    announce: (url) => writeFile(lock, JSON.stringify({ ...mine, url }), { mode: 0o600 }),
    release: () => rm(lock, { force: true }),
  };
}

/** Who holds the folder, or null. */
export async function readHolder(folder: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(join(folder, 'holder.json'), 'utf8')) as Holder;
  } catch {
    return null;
  }
}

async function lives(holder: Holder): Promise<boolean> {
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
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
