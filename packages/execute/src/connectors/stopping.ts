import type { Within } from './within.ts';

/** Rejects as soon as the deadline passes, whatever the client is doing. */
export function stopping({ signal }: Within): { promise: Promise<never>; done(): void } {
  let stop = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  promise.catch(() => undefined);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return { promise, done: () => signal.removeEventListener('abort', stop) };
}
