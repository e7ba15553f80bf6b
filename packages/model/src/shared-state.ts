import type { Clock } from '@portreeve/contract';
import type { z } from 'zod';

/**
 * Small states that all processes share, by name: the circuit of an endpoint, what is left of its rates. Times are the
 * store's own, in milliseconds since the epoch, so that the processes need not agree on one.
 */
export interface SharedState<S> {
  /**
   * Changes one state, and gives what it made of it, with the time: changes follow each other, also those of other
   * processes. `by` is pure, as it may be asked more than once; where it gives what it got, nothing is written, and where it
   * throws, it alone is not made. Other processes are told where the change is news to them.
   */
  change(name: string, by: (state: S, at: number) => S): Promise<{ state: S; at: number }>;
  /** All that were ever changed. */
  all(): Promise<{ states: ReadonlyMap<string, S>; at: number }>;
}

/** What a store must know of a kind of state. */
export interface StateKind<S> {
  readonly kind: string;
  readonly schema: z.ZodType<S>;
  initial(at: number): S;
  /** Whether other processes decide otherwise by the new state. */
  isNews(before: S, after: S): boolean;
}

/** The states of one process alone, for where nothing else asks the same endpoints. */
export function localState<S>({ initial }: StateKind<S>, clock: Clock): SharedState<S> {
  const states = new Map<string, S>();
  const now = () => clock.now().getTime();
  return {
    async change(name, by) {
      const at = now();
      const state = by(states.get(name) ?? initial(at), at);
      states.set(name, state);
      return { state, at };
    },
    async all() {
      return { states: new Map(states), at: now() };
    },
  };
}
