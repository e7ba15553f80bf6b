import type { FastifyRateLimitStore } from '@fastify/rate-limit';

const CALLERS_KEPT = 5000;

/**
 * How many requests a caller has made in the window under way, for `@fastify/rate-limit`. Windows are measured by a clock that
 * never jumps: by that of the wall, one that was set back would keep everybody out for as long as it was ahead.
 */
export class RequestWindows implements FastifyRateLimitStore {
  readonly #byCaller = new Map<string, { began: number; current: number }>();
  readonly #now: () => number;

  constructor(_options: object, now: () => number = () => performance.now()) {
    this.#now = now;
  }

  incr(
    caller: string,
    told: (error: Error | null, result?: { current: number; ttl: number }) => void,
    window_ms: number,
  ): void {
    const now = this.#now();
    const known = this.#byCaller.get(caller);
    const isUnderWay = known !== undefined && now - known.began < window_ms;
    const counted = isUnderWay ? { ...known, current: known.current + 1 } : { began: now, current: 1 };
    // The caller longest unseen goes first.
    this.#byCaller.delete(caller);
    this.#byCaller.set(caller, counted);
    const [oldest] = this.#byCaller.keys();
    if (this.#byCaller.size > CALLERS_KEPT && oldest !== undefined) this.#byCaller.delete(oldest);
    told(null, { current: counted.current, ttl: Math.ceil(counted.began + window_ms - now) });
  }

  /** The windows of a route that has a limit of its own. */
  child(): RequestWindows {
    return new RequestWindows({}, this.#now);
  }
}
