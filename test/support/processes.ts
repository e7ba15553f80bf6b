import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export { freePort } from '@portreeve/server/testing';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A process that a test started, with all that it has printed. */
export interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until its standard output matches. Rejects, with all that it printed, if it ends before or takes too long. */
  printed(pattern: RegExp, ms?: number): Promise<RegExpMatchArray>;
}

const started = new Set<ChildProcess>();
const folders = new Set<string>();

/** Starts a program. Nothing of the surroundings that Portreeve listens to comes along but what `env` says. */
export function start(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string | undefined>; cwd?: string; ipc?: boolean; keepInput?: boolean } = {},
): Started {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PORTREEVE_|ANTHROPIC_|DATABASE_URL$|NODE_OPTIONS$|FORCE_COLOR$|VITEST|NODE_ENV$)/.test(name),
  );
  const child = spawn(program, [...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...options.env },
    stdio: [options.keepInput ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(options.ipc ? ['ipc' as const] : [])],
  });
  started.add(child);
  let closed = false;
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<Ended>((done, failed) => {
    child.once('error', failed);
    // `close` and not `exit`: only then has all that it printed arrived.
    child.once('close', (code, signal) => {
      closed = true;
      started.delete(child);
      done({ code, signal, out, err });
    });
  });
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    child,
    ended,
    async printed(pattern, ms = 60_000) {
      const what = () => `${program} ${args.join(' ')}\nto print ${pattern}. It printed:\n${out}\n${err}`;
      return until(what, ms, () => {
        // Read before the output: what comes in between is looked at once more.
        const last = closed;
        const match = pattern.exec(out);
        if (!match && last) throw new Error(`ended before it came: ${what()}`);
        return match;
      });
    },
  };
}

/** Ends what tests of this file left running, and removes their folders. For `afterAll`. */
export async function cleanUp(): Promise<void> {
  const left = [...started];
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(
    left.map((child) => child.exitCode ?? child.signalCode ?? new Promise((end) => child.once('exit', end))),
  );
  for (const folder of folders) {
    // Guards end what belonged to a killed process; its folder can go only then.
    await until(
      () => `the processes of ${folder} to end`,
      20_000,
      () => namedIn(folder).length === 0,
    );
    await rm(folder, { recursive: true, force: true });
    folders.delete(folder);
  }
}

/** A folder of its own in the system's place for such; {@link cleanUp} removes it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-test-'));
  folders.add(folder);
  return folder;
}

/** Looks again and again until something truthy comes, and gives it. */
export async function until<T>(
  what: string | (() => string),
  ms: number,
  look: () => T | Promise<T>,
): Promise<NonNullable<Exclude<T, false>>> {
  for (const end = Date.now() + ms; ; ) {
    const found = await look();
    if (found) return found as NonNullable<Exclude<T, false>>;
    if (Date.now() >= end) throw new Error(`waited ${ms} ms for ${typeof what === 'string' ? what : what()}`);
    await delay(25);
  }
}

/** The processes whose command line names a text, such as a state folder: `PID COMMAND`. */
export function namedIn(text: string): string[] {
  return commandLines().filter((line) => line.includes(text));
}

function commandLines(): string[] {
  if (!existsSync('/proc/self/cmdline'))
    return execFileSync('ps', ['-A', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
    } catch {
      // It ended between the listing and the look.
      return [];
    }
  });
}
