import { ERRORS, type ErrorCode, type Json, PortreeveError } from '@portreeve/contract';
import type { FaceAskStore } from '../store/face-asks.ts';
import { type GatekeeperWish, type Hello, helloSchema, refusedSchema, whoOf } from './gatekeeper-wishes.ts';
import { pauseFor } from './pause.ts';

export interface AskGatekeeper {
  /**
   * What a gatekeeper answers. Throws its error where it answered with one, and `unavailable` where none took the question,
   * which is then never carried, or where the one that did has died.
   */
  ask(wish: GatekeeperWish): Promise<unknown>;
  hello(): Promise<Hello>;
  /** What was asked was answered (`FACE_ANSWERED_CHANNEL`); an empty text: look at all. */
  heard(id: string): void;
}

/** Looked at all the same, should nobody tell. */
const LOOK_EVERY_MS = 1000;
/** So long whoever asks waits for a gatekeeper to take the question. */
const TAKEN_WITHIN_MS = 10_000;
/** One that was taken is waited for as long as a call may take, and longer. */
const PATIENCE_MS = 600_000;

/** The way of an api to a gatekeeper in another process: each question is a row, which one gatekeeper takes and answers. */
export function askGatekeeper(deps: {
  readonly asks: FaceAskStore;
  /** Milliseconds of the process's own time. */
  readonly elapsed?: () => number;
  /** Resolves after so many milliseconds, or as soon as `wake` is called. */
  readonly pause?: (ms: number, wake: (call: () => void) => void) => Promise<void>;
}): AskGatekeeper {
  const { asks, elapsed = () => performance.now(), pause = pauseFor } = deps;
  const waiting = new Map<string, () => void>();

  async function answerOf(id: string): Promise<unknown> {
    const begun = elapsed();
    for (;;) {
      const told = pause(LOOK_EVERY_MS, (call) => waiting.set(id, call));
      const found = await asks.look(id);
      if (found.state === 'answered') return found.answer;
      const waited = elapsed() - begun;
      if (found.state === 'open' && waited > TAKEN_WITHIN_MS && (await asks.takeBack(id)))
        throw new PortreeveError('unavailable', 'No gatekeeper answers: nothing was done.', {
          next: 'See that one runs (`portreeve serve --role=gatekeeper`), then ask again.',
        });
      if (found.state === 'taken' && !found.alive) {
        // It may have answered as its last act, between the look and its end.
        const last = await asks.look(id);
        if (last.state === 'answered') return last.answer;
        throw new PortreeveError('unavailable', 'The gatekeeper ended while it carried this, and it may be done.', {
          next: 'Look at what was asked for, then ask again. What took an Idempotency-Key is not done twice under the same one.',
        });
      }
      if (waited > PATIENCE_MS) throw new PortreeveError('unavailable', 'The gatekeeper does not answer.');
      await told;
    }
  }

  async function ask(wish: GatekeeperWish): Promise<unknown> {
    const id = await asks.ask(whoOf(wish)?.id ?? null, JSON.parse(JSON.stringify(wish)) as Json);
    try {
      const answer = await answerOf(id);
      const refused = refusedSchema.safeParse(answer);
      if (!refused.success) return (answer as { value: unknown }).value;
      const { code, detail, ...more } = refused.data.error;
      // A newer gatekeeper may know codes that this version does not.
      throw new PortreeveError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal', detail, more);
    } finally {
      waiting.get(id)?.();
      waiting.delete(id);
      // What stays is removed by the gatekeeper, an hour later.
      await asks.remove(id).catch(() => undefined);
    }
  }

  return {
    ask,
    hello: async () => helloSchema.parse(await ask({ kind: 'hello' })),
    heard(id) {
      if (id === '') for (const wake of waiting.values()) wake();
      else waiting.get(id)?.();
    },
  };
}
