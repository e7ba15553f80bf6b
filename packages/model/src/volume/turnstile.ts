import type { Clock } from '@portreeve/contract';
import type { EndpointCircuit } from '../circuit/circuits.ts';
import type { Sleep } from '../ports.ts';
import type { SharedState } from '../shared-state.ts';
import { FairQueue, type Priority } from './fair-queue.ts';
import { correct, type Load, type Rates, type Taken, take } from './rates.ts';

/** For whom a question is asked. */
export interface Asker {
  readonly workflow: string;
  readonly priority: Priority;
}

export interface TurnstileOptions extends Rates {
  /** Calls under way at a time, of this process. */
  readonly concurrency_max: number;
  /** Questions that wait here at the most, and how long. What cannot be sent by then is told when to come again. */
  readonly queue_max: number;
  readonly queue_wait_max_ms: number;
}

export const TURNSTILE: Omit<TurnstileOptions, keyof Rates> = {
  concurrency_max: 32,
  queue_max: 256,
  queue_wait_max_ms: 10_000,
};

/** An attempt may not be made now. `busy`: the limits are reached; `circuit_open`: the endpoint is left alone. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  readonly why: 'busy' | 'circuit_open';
  readonly wait_ms: number;
  readonly detail: string | null;

  constructor(why: NotNow['why'], wait_ms: number, detail: string | null) {
    super(why);
    this.why = why;
    this.wait_ms = wait_ms;
    this.detail = detail;
  }
}

/** The right to one attempt. Whoever has it must leave. */
export interface Passage {
  readonly probe: boolean;
  /** What the attempt came to. */
  leave(used: Load): Promise<void>;
}

export interface Turnstile {
  /**
   * Waits for its turn. Rejects with {@link NotNow}, or with the reason of an aborted `signal`. `deadline` is in
   * milliseconds since the epoch.
   */
  enter(asker: Asker, load: Load, limits: { deadline: number; signal: AbortSignal }): Promise<Passage>;
}

interface Waiting extends Asker {
  readonly load: Load;
  /** Until when it waits here. */
  readonly until: number;
  readonly go: (passage: Passage) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * The one way to an endpoint, for one process (requirement E5): so many at a time, in fair turns, no faster than the
 * limits that all processes share, and no faster than an endpoint takes that has just come back.
 */
export function createTurnstile(deps: {
  endpoint: string;
  circuit: EndpointCircuit;
  taken: SharedState<Taken>;
  clock: Clock;
  sleep: Sleep;
  options: TurnstileOptions;
}): Turnstile {
  const { endpoint, circuit, taken, clock, sleep, options } = deps;
  const queue = new FairQueue<Waiting>();
  const limited =
    options.requests_per_minute ?? options.input_tokens_per_minute ?? options.output_tokens_per_minute ?? null;
  let under_way = 0;
  let pumping = false;
  /** How long the head of the queue was told to wait for its turn, and until when the vendor wants nobody. */
  let expected_ms = 0;
  let held_until = 0;

  /** About as long as one more would wait. */
  const busy = () => {
    const held_ms = held_until - clock.now().getTime();
    const detail = held_ms > 0 ? HELD : null;
    return new NotNow('busy', Math.max(1000, held_ms, expected_ms * (queue.size + 1)), detail);
  };

  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    try {
      while (under_way < options.concurrency_max) {
        const next = queue.shift();
        if (!next) return;
        const wait_ms = await tryOne(next);
        if (wait_ms === 0) continue;
        // Not worth waiting for here: it is told at once when to come again.
        if (clock.now().getTime() + wait_ms > next.until) {
          next.refuse(busy());
          continue;
        }
        queue.unshift(next);
        // A little spread: the processes are told of the same moment.
        await sleep(wait_ms + Math.random() * Math.min(20, wait_ms), NEVER);
      }
    } finally {
      pumping = false;
    }
  }

  /** Lets one through or refuses it, and gives 0; or gives how long it must wait. */
  async function tryOne(waiting: Waiting): Promise<number> {
    const { load, go, refuse } = waiting;
    try {
      let wait_ms = 0;
      if (limited !== null)
        await taken.change(endpoint, (state, at) => {
          const result = take(state, at, options, load);
          wait_ms = result.wait_ms;
          return result.taken;
        });
      expected_ms = wait_ms;
      if (wait_ms > 0) return wait_ms;
      const admission = await circuit.admit();
      if (admission.ok) {
        under_way++;
        go(passage(load, admission.probe));
        return 0;
      }
      await putRight(load, null);
      if (admission.held) {
        held_until = clock.now().getTime() + admission.wait_ms;
        return admission.wait_ms;
      }
      if (admission.circuit.state === 'recovering') {
        expected_ms = admission.wait_ms;
        return admission.wait_ms;
      }
      refuse(new NotNow('circuit_open', admission.wait_ms, admission.circuit.why));
    } catch (error) {
      refuse(error);
    }
    return 0;
  }

  async function putRight(was: Load, is: Load | null): Promise<void> {
    if (limited !== null) await taken.change(endpoint, (state) => correct(state, options, was, is));
  }

  function passage(load: Load, probe: boolean): Passage {
    return {
      probe,
      async leave(used) {
        under_way--;
        void pump();
        await putRight(load, used);
      },
    };
  }

  return {
    async enter(asker, load, { deadline, signal }) {
      signal.throwIfAborted();
      if (queue.size >= options.queue_max) throw busy();
      const now = clock.now().getTime();
      const patience = Math.max(0, Math.min(options.queue_wait_max_ms, deadline - now));
      return new Promise<Passage>((resolve, reject) => {
        const stop = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', aborted);
        };
        const waiting: Waiting = {
          ...{ workflow: asker.workflow, priority: asker.priority, load, until: now + patience },
          go: (passage) => {
            stop();
            resolve(passage);
          },
          refuse: (error) => {
            stop();
            reject(error);
          },
        };
        const giveUp = (error: unknown) => {
          if (queue.delete(waiting)) waiting.refuse(error);
        };
        const aborted = () => giveUp(signal.reason);
        // The calls under way may all be slow: then nothing here would look at the time.
        const timer = setTimeout(() => giveUp(busy()), patience);
        timer.unref();
        signal.addEventListener('abort', aborted, { once: true });
        queue.push(waiting);
        void pump();
      });
    },
  };
}

const NEVER = new AbortController().signal;

const HELD = 'the vendor asked for a pause';
