import { setTimeout as timer } from 'node:timers/promises';
import { type Clock, newId } from '@portreeve/contract';
import { TaskCancelledError, TimeoutStrategy, timeout } from 'cockatiel';
import { CIRCUIT, CIRCUITS, type CircuitOptions } from './circuit/circuit.ts';
import { type Circuits, createCircuits, type Health } from './circuit/circuits.ts';
import { NO_USAGE, ProviderError, type Sleep, type Usage } from './ports.ts';
import { localState, type SharedState } from './shared-state.ts';
import { type Amount, type Budgets, NO_BUDGETS, type Payer, type Shortfall } from './volume/budgets.ts';
import { type Load, NO_RATES, TAKEN, type Taken } from './volume/rates.ts';
import { type Asker, createTurnstile, NotNow, TURNSTILE, type TurnstileOptions } from './volume/turnstile.ts';

export interface ResilienceOptions extends CircuitOptions, TurnstileOptions {
  /** Attempts for one question at the most, the first included. */
  readonly attempts_max: number;
  readonly attempt_timeout_ms: number;
  /** Everything together: attempts, waiting, and the repair. */
  readonly total_timeout_ms: number;
  /** The longest first wait; each further one may be twice as long. Any part of it is waited, at random (full jitter). */
  readonly backoff_first_ms: number;
  readonly backoff_max_ms: number;
}

export const RESILIENCE: ResilienceOptions = {
  ...CIRCUIT,
  ...TURNSTILE,
  ...NO_RATES,
  attempts_max: 4,
  attempt_timeout_ms: 120_000,
  total_timeout_ms: 300_000,
  backoff_first_ms: 1000,
  backoff_max_ms: 30_000,
};

/** No further attempt is made, and the last one failed as `last` says. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
  readonly why: 'permanent' | 'attempts' | 'deadline' | 'circuit_open' | 'busy' | 'budget';
  readonly last: ProviderError | null;
  /** When it is worth another try, as far as anybody has said so. */
  readonly retry_after_ms: number | null;
  readonly shortfall: Shortfall | null;

  constructor(
    why: GaveUp['why'],
    last: ProviderError | null,
    more: { retry_after_ms?: number | null; shortfall?: Shortfall; detail?: string | null } = {},
  ) {
    super(last?.message ?? more.detail ?? why);
    this.why = why;
    this.last = last;
    this.retry_after_ms = more.retry_after_ms ?? null;
    this.shortfall = more.shortfall ?? null;
  }
}

/** One question, as far as its way to the endpoint depends on it. */
export interface Sending<T> {
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly asker: Asker;
  /** Null: nobody's budget is asked. */
  readonly payer: Payer | null;
  /** What one attempt may take at the most, and what it then took. */
  readonly most: Load;
  readonly used: (answer: T) => Usage;
  /** Cost of a load, in millionths of the currency's unit. */
  readonly cost: (usage: Usage) => number;
  /** Is told of each attempt that failed, before anything follows. One that rejects ends it. */
  readonly failed?: (error: ProviderError) => Promise<void>;
}

export interface Resilience {
  /**
   * Runs `send` until it succeeds. Rejects with {@link GaveUp}, with the reason of an aborted `signal`, or with what
   * `send` threw if that is no {@link ProviderError}. `deadline` is in milliseconds since the epoch.
   */
  run<T>(send: (signal: AbortSignal) => Promise<T>, sending: Sending<T>): Promise<T>;
  /** Milliseconds until a question is worth it, as far as this process knows; 0: now. */
  wait(): number;
}

const sleepForReal: Sleep = async (ms, signal) => {
  await timer(ms, undefined, { signal });
};

/** What the processes share. Without it: of this process alone. */
export interface Sharing {
  readonly circuits: Circuits;
  readonly taken: SharedState<Taken>;
  readonly budgets: Budgets;
}

export function localSharing(clock: Clock): Sharing {
  const circuits = createCircuits({ store: localState(CIRCUITS, clock), clock, process: 'alone' });
  return { circuits, taken: localState(TAKEN, clock), budgets: NO_BUDGETS };
}

/** Retries with time-outs around one endpoint's circuit, limits and budgets (requirements E4, E5). */
export function createResilience(deps: {
  endpoint: string;
  clock: Clock;
  options?: Partial<ResilienceOptions>;
  sleep?: Sleep;
  health?: Health;
  shared?: Sharing;
  random?: () => number;
}): Resilience {
  const { endpoint, clock, sleep = sleepForReal, random = Math.random } = deps;
  const options = { ...RESILIENCE, ...deps.options };
  const { circuits, taken, budgets } = deps.shared ?? localSharing(clock);
  const circuit = circuits.of(endpoint, options, deps.health);
  const turnstile = createTurnstile({ endpoint, circuit, taken, clock, sleep, options });

  /** One attempt, from its turn to what it cost. */
  async function attempt<T>(send: (signal: AbortSignal) => Promise<T>, sending: Sending<T>): Promise<T> {
    const { deadline, signal, asker, payer, most, cost } = sending;
    const id = newId('call', clock);
    const amount = (usage: Usage): Amount => ({
      tokens: usage.input_tokens + usage.output_tokens,
      micros: cost(usage),
    });
    const mostAmount = (): Amount => {
      const plain = amount({ ...NO_USAGE, ...most });
      // What a vendor writes to its cache may cost more than other input.
      const written = cost({ ...NO_USAGE, ...most, cache_write_tokens: most.input_tokens });
      return { ...plain, micros: Math.max(plain.micros, written) };
    };
    const lease_ms = options.queue_wait_max_ms + options.attempt_timeout_ms + 60_000;
    const shortfall = payer === null ? null : await budgets.reserve(id, payer, mostAmount(), lease_ms);
    if (shortfall) throw new GaveUp('budget', null, { shortfall });
    let spent: Usage | null = null;
    const settle = async () => {
      if (payer !== null) await budgets.settle(id, spent === null ? { tokens: 0, micros: 0 } : amount(spent));
    };
    try {
      const passage = await turnstile.enter(asker, most, { deadline, signal });
      try {
        // What is cut off may have been read: its input is paid for until something else is known.
        spent = { ...NO_USAGE, input_tokens: most.input_tokens };
        const answer = await watched(send, sending, passage.probe);
        spent = sending.used(answer);
        return answer;
      } catch (error) {
        if (error instanceof ProviderError) spent = spentOn(error, spent);
        throw error;
      } finally {
        await passage.leave(spent ?? NO_USAGE);
      }
    } finally {
      await settle();
    }
  }

  /** Sends it within its time, and tells the circuit what came of it. */
  async function watched<T>(
    send: (signal: AbortSignal) => Promise<T>,
    { deadline, signal, failed }: Sending<T>,
    probe: boolean,
  ): Promise<T> {
    const from = clock.now().getTime();
    const limit = timeout(Math.min(options.attempt_timeout_ms, deadline - from), TimeoutStrategy.Aggressive);
    let answer: T;
    try {
      answer = await limit.execute(({ signal: inner }) => send(inner), signal);
    } catch (thrown) {
      const error =
        thrown instanceof TaskCancelledError && !signal.aborted
          ? new ProviderError('timeout', 'no answer in time', { transient: true, cause: thrown })
          : thrown;
      // First of all on record.
      if (signal.aborted)
        await failed?.(new ProviderError('timeout', 'the question was called off', { transient: true }));
      else if (error instanceof ProviderError) await failed?.(error);
      if (error instanceof ProviderError && asksAllToWait(error)) await circuit.hold(error.retry_after_ms);
      if (tellsOfAnOutage(error)) await circuit.failed(error.message, probe);
      else if (error instanceof ProviderError) await circuit.undecided(probe);
      throw signal.aborted ? signal.reason : error;
    }
    await circuit.answered(Math.max(0, clock.now().getTime() - from), probe);
    return answer;
  }

  return {
    wait: () => circuit.wait(),

    async run(send, sending) {
      const { deadline, signal } = sending;
      const left = () => deadline - clock.now().getTime();
      let last: ProviderError | null = null;
      for (let made = 0; ; ) {
        signal.throwIfAborted();
        if (left() <= 0) throw new GaveUp('deadline', last);
        try {
          return await attempt(send, sending);
        } catch (error) {
          if (error instanceof NotNow)
            throw new GaveUp(error.why, last, { retry_after_ms: error.wait_ms, detail: error.detail });
          if (!(error instanceof ProviderError)) throw error;
          if (!error.transient) throw new GaveUp('permanent', error);
          last = error;
        }
        const wait_ms = pause(last, options.backoff_first_ms * 2 ** made, options.backoff_max_ms, random);
        const retry_after_ms = last.retry_after_ms ?? wait_ms;
        if (++made >= options.attempts_max) throw new GaveUp('attempts', last, { retry_after_ms });
        if (wait_ms >= left()) throw new GaveUp('deadline', last, { retry_after_ms });
        await sleep(wait_ms, signal);
      }
    },
  };
}

/** The vendor's hint, a little later so that many callers do not come back in the same instant; else any part of our own. */
function pause(last: ProviderError, most: number, bound: number, random: () => number): number {
  if (last.retry_after_ms === null) return Math.floor(random() * Math.min(most, bound));
  return last.retry_after_ms + random() * Math.min(1000, last.retry_after_ms * 0.1);
}

/** A vendor that names a time with one of these means whoever comes, and not this question alone (RFC 9110, 10.2.3). */
const FOR_ALL: ReadonlySet<number | null> = new Set([429, 503, 529]);

function asksAllToWait(error: ProviderError): error is ProviderError & { readonly retry_after_ms: number } {
  return error.transient && error.retry_after_ms !== null && FOR_ALL.has(error.status);
}

/** A rate limit or a conflict says that the endpoint is alive: only silence and server errors open the circuit. */
function tellsOfAnOutage(error: unknown): error is ProviderError {
  return error instanceof ProviderError && error.transient && error.status !== 429 && error.status !== 409;
}

/** What an attempt that failed is paid for: what the vendor had counted by then, else `guess`, or null for nothing. */
function spentOn(error: ProviderError, guess: Usage | null): Usage | null {
  const { input_tokens, output_tokens } = error.usage;
  if (input_tokens + output_tokens > 0) return error.usage;
  return wasNotTaken(error) ? null : guess;
}

/** An answer with an error's status, or no connection: nothing was read of the question that would be paid for. */
function wasNotTaken({ kind, status }: ProviderError): boolean {
  return status !== null || !['timeout', 'broken_answer', 'status'].includes(kind);
}
