import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PortreeveError } from '@portreeve/contract';

/** As source, or as it was built. */
const WORKER = new URL(`./compare-worker${extname(import.meta.url)}`, import.meta.url);
const COMPARE_MS_MAX = 120_000;

/** What loosens from one bundle to another, in words. Rejects with `unavailable` where that cannot be told in time. */
export function looserLines(before: string, after: string): Promise<string[]> {
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
    worker.once('message', (lines: string[]) => resolve(lines));
    worker.once('error', (error) => reject(unavailable(error)));
    worker.once('exit', () => {
      clearTimeout(timer);
      // After a message this changes nothing.
      reject(unavailable());
    });
  });
}
