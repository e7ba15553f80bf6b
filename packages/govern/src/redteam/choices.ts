/** A seeded source of choices (xorshift32): the same seed gives the same search, everywhere. */
export function choices(seed: number) {
  let state = seed | 0 || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
  return {
    /** A whole number from 0, less than `below`. */
    next,
    pick: <T>(from: readonly T[]): T => from[next(from.length)]!,
    /** The same members in another order. */
    shuffled<T>(from: readonly T[]): T[] {
      const rest = [...from];
      return from.map(() => rest.splice(next(rest.length), 1)[0]!);
    },
  };
}
export type Choices = ReturnType<typeof choices>;
