import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Digest, PortreeveError } from '@portreeve/contract';
import type { ReleaseChange } from '@portreeve/govern';

/** As source, or as it was built. */
const WORKER = new URL(`./compare-worker${extname(import.meta.url)}`, import.meta.url);
const COMPARE_MS_MAX = 120_000;

/** Comparisons for readers that may wait for their turn; they run one after another. */
const WAITING_MAX = 8;
/** Pairs whose differences are kept: a release is its content, so that they never change. */
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

/** What loosens from one bundle to another, in words. Rejects with `unavailable` where that cannot be told in time. */
export async function looserLines(before: string, after: string): Promise<string[]> {
  const changes = await changesBetween(before, after);
  return changes.filter(({ loosens }) => loosens).map(({ area, text }) => `${area}: ${text}`);
}

/**
 * What changes between releases, for whoever reads: one comparison at a time, each pair once, so that readers cannot keep the
 * machine busy. The bundles are asked for when their turn comes. Throws `unavailable` where too many wait.
 */
export function comparisons(bundle: (release: Digest) => Promise<string | null>) {
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

  return (from: Digest, to: Digest): Promise<ReleaseChange[]> => {
    const pair = `${from} ${to}`;
    const known = kept.get(pair);
    if (known) return known;
    if (waiting >= WAITING_MAX)
      throw new PortreeveError('unavailable', 'Other releases are being compared.', { next: 'Ask again in a minute.' });
    waiting++;
    const mine = last
      .then(() => compared(from, to))
      .finally(() => {
        waiting--;
      });
    last = mine.catch(() => kept.delete(pair));
    kept.set(pair, mine);
    for (const oldest of kept.keys()) if (kept.size > KEPT_MAX) kept.delete(oldest);
    return mine;
  };
}
