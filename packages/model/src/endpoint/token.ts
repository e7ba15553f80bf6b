import type { Clock } from '@portreeve/contract';
import { ProviderError } from '../ports.ts';
import { type Credential, checkKey } from './options.ts';

/** Gives the token to ask with, anew for each request. */
export interface TokenSource {
  /** Rejects with a `credential` {@link ProviderError} where there is none. */
  get(): Promise<string>;
  /** The endpoint did not accept this token: the next `get` brings another. */
  rejected(token: string): void;
}

export interface Token {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
}

/** Before its end a token is not used any more: this long, or a fifth of its life where that is shorter. */
const MARGIN_MS = 60_000;

/** Keeps a token for as long as it lives. However many ask at once, `exchange` is asked once. */
export function cachedToken(exchange: () => Promise<Token>, clock: Clock): TokenSource {
  let held: (Token & { readonly fresh_until: number }) | null = null;
  let getting: Promise<string> | null = null;

  const renew = async (): Promise<string> => {
    const made = await exchange();
    const now = clock.now().getTime();
    const life = made.expires_at - now;
    if (!(life > 0))
      throw new ProviderError('credential', 'the token that was given has expired already', { transient: true });
    held = { ...made, fresh_until: made.expires_at - Math.min(MARGIN_MS, life / 5) };
    return made.token;
  };

  return {
    get() {
      if (held && clock.now().getTime() < held.fresh_until) return Promise.resolve(held.token);
      getting ??= renew().finally(() => {
        getting = null;
      });
      return getting;
    },
    rejected(token) {
      if (held?.token === token) held = null;
    },
  };
}

/** A credential as a source: a key is checked at once, and a rejected one stays what it is. */
export function tokenSource(credential: Credential): TokenSource {
  if (typeof credential !== 'string') return credential;
  checkKey(credential);
  return { get: async () => credential, rejected: () => undefined };
}
