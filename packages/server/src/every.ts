import { isPortreeveError } from '@portreeve/contract';

/** Repeats a task, one at a time; the returned function stops it and waits for the one in flight. */
export function every(
  ms: number,
  task: () => Promise<unknown>,
  log: (level: 'error', message: string, error: unknown) => void,
): () => Promise<void> {
  let busy: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    busy ??= task()
      .catch((error: unknown) =>
        log('error', isPortreeveError(error) ? error.message : 'a periodic task failed', error),
      )
      .finally(() => {
        busy = null;
      });
  }, ms);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await busy;
  };
}
