import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Digest, PortreeveError } from '@portreeve/contract';
import type { ReleaseChange } from '@portreeve/govern';

/** As source, or as it was built. */
const WORKER = new URL(`./compare-worker${extname(import.meta.url)}`, import.meta.url);
const COMPARE_MS_MAX = 120_000;

/** Comparisons for readers that may wait for their turn; they run one after another. */
const WAITING_MAX = 8;
/** Pairs whose differences are kept. */
const KEPT_MAX = 32;

/** What changes from one bundle to another, in words. Rejects with `unavailable` where that cannot be told in time. */
function changesBetween(before: string, after: string): Promise<ReleaseChange[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, {
      workerData: { before, after },
      // Nothing of this process's environment is needed to compare two texts.
      env: {},
    });
    const unavailable = (cause?: unknown) =>
      new PortreeveError('unavailable', 'The two releases could not be compared.', {
        next: 'Ask again; `portreeve release diff` compares them where you are.',
        cause,
      });
    const timer = setTimeout(() => void worker.terminate(), COMPARE_MS_MAX);
    worker.once('message', (changes: ReleaseChange[]) => resolve(changes));
    worker.once('error', (error) => reject(unavailable(error)));
    worker.once('exit', () => {
      clearTimeout(timer);
      // After a message this changes nothing.
      reject(unavailable());
    });
  });
}

/** What changes between releases. Each pair is compared once: a release is its content, so that it never changes. */
export interface Comparisons {
  /** For what must know: at once. Rejects with `unavailable` where it cannot be told in time, `conflict` without a bundle. */
  needed(from: Digest, to: Digest): Promise<readonly ReleaseChange[]>;
  /**
   * For whoever reads: one after another, so that readers cannot keep the machine busy. Rejects as {@link needed}, and with
   * `unavailable` where too many wait.
   */
  shown(from: Digest, to: Digest): Promise<readonly ReleaseChange[]>;
}

export function comparisons(bundle: (release: Digest) => Promise<string | null>): Comparisons {
  const kept = new Map<string, Promise<ReleaseChange[]>>();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function compared(from: Digest, to: Digest): Promise<ReleaseChange[]> {
    const [before, after] = await Promise.all([bundle(from), bundle(to)]);
    if (before === null || after === null)
      throw new PortreeveError('conflict', `There is no bundle of ${before === null ? from : to} to compare with.`, {
        next: 'Only the files of a folder are known of it: add its bundle by `portreeve release add`.',
      });
    return changesBetween(before, after);
  }

  const keyOf = (from: Digest, to: Digest) => `${from} ${to}`;

  function keep(key: string, found: Promise<ReleaseChange[]>): Promise<ReleaseChange[]> {
    kept.set(key, found);
    found.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) if (kept.size > KEPT_MAX) kept.delete(oldest);
    return found;
  }

  return {
    needed: async (from, to) => kept.get(keyOf(from, to)) ?? keep(keyOf(from, to), compared(from, to)),
    async shown(from, to) {
      const known = kept.get(keyOf(from, to));
      if (known) return known;
      if (waiting >= WAITING_MAX)
        throw new PortreeveError('unavailable', 'Other releases are being compared.', {
          next: 'Ask again in a minute.',
        });
      waiting++;
      const mine = last
        .then(() => compared(from, to))
        .finally(() => {
          waiting--;
        });
      last = mine.catch(() => undefined);
      return keep(keyOf(from, to), mine);
    },
  };
}
