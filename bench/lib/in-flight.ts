export interface Flow {
  readonly per_second: number;
  /** Milliseconds. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly calls: number;
}

/**
 * Keeps `width` calls under way for `ms` milliseconds, after a warm-up of a quarter of that, and times each. A call that
 * rejects ends the run: a figure from failing calls means nothing.
 */
export async function inFlight(once: (index: number) => Promise<unknown>, width: number, ms: number): Promise<Flow> {
  let index = 0;
  const run = async (during: number): Promise<{ taken: number[]; ms: number }> => {
    const taken: number[] = [];
    const begun = performance.now();
    const end = begun + during;
    await Promise.all(
      Array.from({ length: width }, async () => {
        while (performance.now() < end) {
          const start = performance.now();
          await once(index++);
          taken.push(performance.now() - start);
        }
      }),
    );
    return { taken, ms: performance.now() - begun };
  };
  await run(ms / 4);
  const { taken, ms: lasted } = await run(ms);
  taken.sort((a, b) => a - b);
  const at = (share: number) =>
    Number(taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]!.toPrecision(4));
  return {
    per_second: Number(((taken.length / lasted) * 1000).toPrecision(4)),
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    calls: taken.length,
  };
}
