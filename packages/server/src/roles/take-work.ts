export interface TakeWork {
  /** Looks for work now. */
  wake(): void;
  /** Takes no more, and resolves once what was taken has ended. */
  stop(): Promise<void>;
}

/** What one process does at a time at the most: what is beyond waits in the database, where another process may take it. */
const PARALLEL = 64;

/** Takes work as long as there is any. `carry` says itself what went wrong; what it throws all the same is told to `failed`. */
export function takeWork<T>(deps: {
  /** At most so many, oldest first: of any number of processes, one gets each. */
  readonly take: (limit: number) => Promise<readonly T[]>;
  readonly carry: (work: T) => Promise<void>;
  /** `work` is null where none could be taken. */
  readonly failed: (work: T | null, error: unknown) => void;
}): TakeWork {
  const { take, carry, failed } = deps;
  const inFlight = new Set<Promise<void>>();
  let stopped = false;
  let again = false;
  let looking: Promise<void> | null = null;

  const wake = (): void => {
    if (stopped) return;
    again = true;
    looking ??= look()
      .catch((error: unknown) => failed(null, error))
      .finally(() => {
        looking = null;
      });
  };

  async function look(): Promise<void> {
    while (again && !stopped && inFlight.size < PARALLEL) {
      again = false;
      for (const work of await take(PARALLEL - inFlight.size)) {
        again = true;
        const one = carry(work)
          .catch((error: unknown) => failed(work, error))
          .finally(() => {
            const full = inFlight.size >= PARALLEL;
            inFlight.delete(one);
            if (full) wake();
          });
        inFlight.add(one);
      }
    }
  }

  return {
    wake,
    async stop() {
      stopped = true;
      await looking;
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
  };
}
