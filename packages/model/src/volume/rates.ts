import { z } from 'zod';
import type { StateKind } from '../shared-state.ts';

/** What one attempt takes of an endpoint's limits. */
export interface Load {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

/** What an endpoint may be sent in a minute by all processes together; null: as much as one likes. */
export interface Rates {
  readonly requests_per_minute: number | null;
  readonly input_tokens_per_minute: number | null;
  readonly output_tokens_per_minute: number | null;
}

export const NO_RATES: Rates = {
  requests_per_minute: null,
  input_tokens_per_minute: null,
  output_tokens_per_minute: null,
};

/** For each limit the time at which all that was taken so far is paid for (GCRA's theoretical arrival time, ms). */
export const takenSchema = z.strictObject({
  requests: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
});
export type Taken = z.infer<typeof takenSchema>;

export const TAKEN: StateKind<Taken> = {
  kind: 'rate',
  schema: takenSchema,
  initial: (at) => ({ requests: at, input_tokens: at, output_tokens: at }),
  isNews: () => false,
};

/** So much of a minute may be taken at once: what comes a little late loses nothing, and a minute holds 0.5% more at most. */
const TOLERANCE_MS = 300;
const MINUTE_MS = 60_000;

/**
 * Takes one attempt from all limits, or says when to come again. A limit lets through whoever comes while it is not in
 * debt, and each pays behind it: so an attempt that is larger than what is left passes once, and the next ones wait for it.
 */
export function take(taken: Taken, at: number, rates: Rates, load: Load): { wait_ms: number; taken: Taken } {
  const wait_ms = Math.max(
    0,
    ...(rates.requests_per_minute === null ? [] : [taken.requests - at]),
    ...(rates.input_tokens_per_minute === null ? [] : [taken.input_tokens - at]),
    ...(rates.output_tokens_per_minute === null ? [] : [taken.output_tokens - at]),
  );
  if (wait_ms > 0) return { wait_ms, taken };
  const pay = (until: number, amount: number, limit: number | null) =>
    limit === null ? until : Math.max(until, at - TOLERANCE_MS) + (amount * MINUTE_MS) / limit;
  return {
    wait_ms: 0,
    taken: {
      requests: pay(taken.requests, 1, rates.requests_per_minute),
      input_tokens: pay(taken.input_tokens, load.input_tokens, rates.input_tokens_per_minute),
      output_tokens: pay(taken.output_tokens, load.output_tokens, rates.output_tokens_per_minute),
    },
  };
}

/** Puts right what was taken by what it came to. An attempt that was never sent gives its request back, too. */
export function correct(taken: Taken, rates: Rates, was: Load, is: Load | null): Taken {
  const back = (until: number, amount: number, limit: number | null) =>
    limit === null ? until : until - (amount * MINUTE_MS) / limit;
  const { input_tokens, output_tokens } = is ?? { input_tokens: 0, output_tokens: 0 };
  return {
    requests: back(taken.requests, is === null ? 1 : 0, rates.requests_per_minute),
    input_tokens: back(taken.input_tokens, was.input_tokens - input_tokens, rates.input_tokens_per_minute),
    output_tokens: back(taken.output_tokens, was.output_tokens - output_tokens, rates.output_tokens_per_minute),
  };
}
