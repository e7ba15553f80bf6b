import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Held {
  readonly memory: number;
  /** Of it, what the program's own values take, in bytes. */
  readonly heap: number;
  readonly handles: number;
  /** Of its processor since it started, in milliseconds. */
  readonly cpu_ms: number;
}

export interface Child {
  /** Where it listens on the loopback. */
  readonly url: string;
  readonly pid: number;
  /** What it holds: its resident set after a collection, in bytes, and what keeps its event loop alive (sockets, timers). */
  held(): Promise<Held>;
  stop(): Promise<void>;
}

/** Starts a program as a process of its own; it says its address when it listens. */
export async function startChild(program: URL, given: object): Promise<Child> {
  const child: ChildProcess = fork(fileURLToPath(program), [JSON.stringify(given)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
  });
  const [url] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${program.pathname} ended before it listened`))),
  ])) as [string];
  return {
    ...{ url, pid: child.pid! },
    async held() {
      child.send('held');
      const [held] = (await once(child, 'message')) as [Held];
      return held;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** In the child: says where it listens, answers how much it holds, and ends when it is told to. */
export function serveParent(url: string, stop: () => Promise<unknown>): void {
  process.on('message', (asked) => {
    if (asked !== 'held') return;
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const held: Held = {
      memory: rss,
      heap: heapUsed,
      handles: process.getActiveResourcesInfo().length,
      cpu_ms: (user + system) / 1000,
    };
    process.send?.(held);
  });
  process.once('SIGTERM', () => void stop().finally(() => process.exit(0)));
  process.send?.(url);
}
