import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** How long after its end a process is begun again, in milliseconds: at first, and after many tries. */
const AGAIN_MIN_MS = 100;
const AGAIN_MAX_MS = 5000;

/**
 * Begins a process again whenever it ends by itself, as often as needed: a database that was killed, or had no room left
 * to start, comes back without a hand. `begin` gives the process at once and resolves `ready` with whether it came up;
 * `end` ends one and waits until it is gone.
 */
export function keepRunning(options: {
  readonly first: ChildProcess;
  begin(): { readonly child: ChildProcess; readonly ready: Promise<boolean> };
  end(child: ChildProcess): Promise<void>;
}): { stop(): Promise<void> } {
  let current = options.first;
  let returning: Promise<void> = Promise.resolve();
  const stopping = new AbortController();
  const { signal } = stopping;

  /** Null where not even that could be done. */
  const attempt = () => {
    try {
      return options.begin();
    } catch {
      return null;
    }
  };
  const bringBack = async () => {
    for (let wait = AGAIN_MIN_MS; !signal.aborted; wait = Math.min(2 * wait, AGAIN_MAX_MS)) {
      await delay(wait, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      const begun = attempt();
      if (!begun) continue;
      current = begun.child;
      if (await begun.ready) {
        watch(begun.child);
        return;
      }
      await options.end(begun.child);
    }
  };
  const watch = (child: ChildProcess) => {
    const ended = () => {
      if (!signal.aborted) returning = bringBack();
    };
    // It may have ended before anybody looked.
    if (child.exitCode !== null || child.signalCode !== null) ended();
    else child.once('exit', ended);
  };
  watch(current);
  return {
    async stop() {
      stopping.abort();
      await options.end(current);
      await returning;
    },
  };
}
