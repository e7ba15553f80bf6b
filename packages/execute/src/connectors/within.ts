/** Why a call was stopped, in the words of an outcome. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export interface Within {
  /** Aborts with {@link Stopped} when the time is over or the caller cancels. */
  readonly signal: AbortSignal;
  /** The reason, once it has stopped. */
  reason(): string | null;
  done(): void;
}

/** One deadline over all steps of a call. */
export function within(timeout_ms: number, outer: AbortSignal): Within {
  const controller = new AbortController();
  const stop = (reason: string) => (): void => controller.abort(new Stopped(reason));
  const timer = setTimeout(stop(`no complete answer within ${timeout_ms} ms`), timeout_ms);
  const cancel = stop('cancelled');
  outer.addEventListener('abort', cancel);
  if (outer.aborted) cancel();
  return {
    signal: controller.signal,
    reason: () => (controller.signal.aborted ? (controller.signal.reason as Stopped).message : null),
    done() {
      clearTimeout(timer);
      outer.removeEventListener('abort', cancel);
    },
  };
}
