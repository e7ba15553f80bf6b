export interface Timing {
  /** Calls per second over the whole run. */
  readonly per_second: number;
  /** Microseconds. */
  readonly p50_us: number;
  readonly p99_us: number;
  readonly calls: number;
}

/** Stop after this many calls or this many milliseconds, whichever comes first; the warm-up has a fifth of both. */
export interface Budget {
  readonly calls: number;
  readonly ms: number;
}

const rounded = (value: number) => Number(value.toPrecision(4));

/** Times each call of `once(i)` by itself. Awaits only what is a promise. */
export async function measure(once: (index: number) => unknown, { calls, ms }: Budget): Promise<Timing> {
  const run = async (callsMax: number, msMax: number): Promise<number[]> => {
    const taken: number[] = [];
    const end = performance.now() + msMax;
    for (let index = 0; index < callsMax && (index === 0 || performance.now() < end); index++) {
      const start = process.hrtime.bigint();
      const answer = once(index);
      if (answer instanceof Promise) await answer;
      taken.push(Number(process.hrtime.bigint() - start) / 1000);
    }
    return taken;
  };
  await run(Math.ceil(calls / 5), ms / 5);
  const taken = await run(calls, ms);
  const total = taken.reduce((sum, us) => sum + us, 0);
  taken.sort((a, b) => a - b);
  const at = (share: number) => rounded(taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]!);
  return { per_second: rounded((taken.length / total) * 1e6), p50_us: at(0.5), p99_us: at(0.99), calls: taken.length };
}
