import { setTimeout as wait } from 'node:timers/promises';
import { KeyWrapperError } from '@portreeve/contract';
import { SecretStoreError } from '@portreeve/execute';

/** Milliseconds before a keeper that is busy is asked again. */
const WAITS_MS = [100, 400, 1600];
/** Milliseconds that a keeper of root keys has for one answer: the record waits for it. */
export const KEEPER_TIMEOUT_MS = 5000;

export type Pause = (ms: number) => Promise<unknown>;

/**
 * Asks a keeper of root keys, and again with growing waits while it says that it is busy: wrapping and opening change
 * nothing, so that asking twice does no harm. Throws `KeyWrapperError` where there is no whole answer; that is not tried
 * again, since who waits has waited long enough.
 */
export async function askKeeper<A>(
  ask: () => Promise<A>,
  busy: (answer: A) => boolean,
  pause: Pause = wait,
): Promise<A> {
  for (let tried = 0; ; tried++) {
    const answer = await ask().catch((error: unknown) => {
      throw error instanceof SecretStoreError ? new KeyWrapperError(error.message) : error;
    });
    const next = WAITS_MS[tried];
    if (next === undefined || !busy(answer)) return answer;
    // Who was refused together must not come back together.
    await pause(next / 2 + (Math.random() * next) / 2);
  }
}
