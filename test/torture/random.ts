import { random as generator } from '../../bench/lib/grammar.ts';

/** Numbers that follow from a seed alone. */
export interface Random {
  /** A whole number, 0 and `most` included. */
  upTo(most: number): number;
  /** The same in another order. */
  shuffled<T>(all: readonly T[]): T[];
}

export function randomOf(seed: number): Random {
  const next = generator(seed);
  const upTo = (most: number) => Math.floor(next() * (most + 1));
  return {
    upTo,
    shuffled(all) {
      const left = [...all];
      return all.map(() => left.splice(upTo(left.length - 1), 1)[0]!);
    },
  };
}
