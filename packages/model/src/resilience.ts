import { setTimeout as timer } from 'node:timers/promises';
import type { Clock } from '@portreeve/contract';
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  type IBackoff,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel';
import { ProviderError, type Sleep } from './ports.ts';

export interface ResilienceOptions {
  /** Attempts for one question at the most, the first included. */
  readonly attempts_max: number;
  readonly attempt_timeout_ms: number;
  /** Everything together: attempts, waiting, and the repair. */
  readonly total_timeout_ms: number;
  /** The first wait; each further one is twice as long, of which a random half is waited. */
  readonly backoff_first_ms: number;
  readonly backoff_max_ms: number;
  /** The circuit opens after so many failures in a row… */
  readonly breaker_failures: number;
  /** …and lets one attempt through after this time. */
  readonly breaker_half_open_after_ms: number;
}

export const RESILIENCE: ResilienceOptions = {
  attempts_max: 4,
  attempt_timeout_ms: 120_000,
  total_timeout_ms: 300_000,
  backoff_first_ms: 500,
  backoff_max_ms: 30_000,
  breaker_failures: 8,
  breaker_half_open_after_ms: 30_000,
};

/** No further attempt is made, and the last one failed as `last` says. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
  readonly why: 'permanent' | 'attempts' | 'deadline' | 'circuit_open';
  readonly last: ProviderError | null;

  constructor(why: GaveUp['why'], last: ProviderError | null) {
    super(last?.message ?? why);
    this.why = why;
    this.last = last;
  }
}

/** Told of each answer, and of each time that the circuit opens. Must be quick and must not throw. */
export type Health = (state: 'answers' | 'silent') => void;

export interface Limits {
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Is told of each attempt that failed, before anything follows. One that rejects ends it. */
  readonly failed?: (error: ProviderError) => Promise<void>;
}

export interface Resilience {
  /**
   * Runs `send` until it succeeds. Rejects with {@link GaveUp}, with the reason of an aborted `signal`, or with what
   * `send` threw if that is no {@link ProviderError}. `deadline` is in milliseconds since the epoch.
   */
  run<T>(send: (signal: AbortSignal) => Promise<T>, limits: Limits): Promise<T>;
}

const sleepForReal: Sleep = async (ms, signal) => {
  await timer(ms, undefined, { signal });
};

/** One circuit breaker for all questions, and for each of them retries with time-outs (requirement E4). */
export function createResilience(
  clock: Clock,
  given: Partial<ResilienceOptions> = {},
  sleep: Sleep = sleepForReal,
  health: Health = () => undefined,
): Resilience {
  const options = { ...RESILIENCE, ...given };
  const breaker = circuitBreaker(handleWhen(tellsOfAnOutage), {
    breaker: new ConsecutiveBreaker(options.breaker_failures),
    halfOpenAfter: openFor(options.breaker_half_open_after_ms, clock),
  });

  breaker.onBreak(() => health('silent'));
  breaker.onSuccess(() => health('answers'));

  return {
    async run(send, { deadline, signal, failed }) {
      const waits = new ExponentialBackoff({
        generator: halfJitterGenerator,
        initialDelay: options.backoff_first_ms,
        maxDelay: options.backoff_max_ms,
      });
      let wait: IBackoff<unknown> = waits.next();
      let last: ProviderError | null = null;
      const left = () => deadline - clock.now().getTime();

      const attempt = async () => {
        const limit = timeout(Math.min(options.attempt_timeout_ms, left()), TimeoutStrategy.Aggressive);
        try {
          return await limit.execute(({ signal: inner }) => send(inner), signal);
        } catch (error) {
          if (signal.aborted) {
            await failed?.(new ProviderError('timeout', 'the question was called off', { transient: true }));
            throw signal.reason;
          }
          last =
            error instanceof TaskCancelledError
              ? new ProviderError('timeout', 'no answer in time', { transient: true, cause: error })
              : error instanceof ProviderError
                ? error
                : null;
          if (last !== null) await failed?.(last);
          throw last ?? error;
        }
      };

      // Cockatiel counts the attempts; the waiting is ours, so that the vendor's hints and an injected sleep apply.
      const again = retry(
        handleWhen((error) => error instanceof ProviderError && error.transient),
        { maxAttempts: options.attempts_max - 1, backoff: new ConstantBackoff(0) },
      );
      try {
        return await again.execute(async (round) => {
          if (round.attempt > 0) {
            const ms = pause(last, wait.duration);
            wait = wait.next(undefined);
            if (ms >= left()) throw new GaveUp('deadline', last);
            await sleep(ms, signal);
          }
          signal.throwIfAborted();
          if (left() <= 0) throw new GaveUp('deadline', last);
          return breaker.execute(attempt, signal);
        }, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof BrokenCircuitError) throw new GaveUp('circuit_open', last);
        if (error instanceof ProviderError) throw new GaveUp(error.transient ? 'attempts' : 'permanent', error);
        throw error;
      }
    },
  };
}

/** The vendor's hint, a little later so that many callers do not come back in the same instant; else our own wait. */
function pause(last: ProviderError | null, own: number): number {
  if (last?.retry_after_ms == null) return own;
  return last.retry_after_ms + Math.random() * Math.min(1000, last.retry_after_ms * 0.1);
}

/** A rate limit or a conflict says that the endpoint is alive: only silence and server errors open the circuit. */
function tellsOfAnOutage(error: unknown): boolean {
  return error instanceof ProviderError && error.transient && error.status !== 429 && error.status !== 409;
}

/** Cockatiel measures the open circuit with `Date.now`; a duration that is zero or endless makes it follow our clock. */
function openFor(ms: number, clock: Clock) {
  const opened = (): IBackoff<unknown> => {
    const until = clock.now().getTime() + ms;
    return {
      get duration() {
        return clock.now().getTime() >= until ? 0 : Number.POSITIVE_INFINITY;
      },
      next: opened,
    };
  };
  return { next: opened };
}
