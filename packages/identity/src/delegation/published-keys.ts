import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type Clock, type EnvironmentName, PortreeveError, type UnitOfWork } from '@portreeve/contract';
import type { AccessKeyStore, PublishedKey } from '../ports.ts';
import { ACCESS_TOKEN_TTL_MAX_S, type AccessTokenKey, publicX } from './keys.ts';

export const PUBLISHED_KEYS = {
  /** A key is published for this long, and again long before that is over. One that is not, because its process has ended, is over with it. */
  lease_s: 300,
  /** After this long they are read again before one is used: what was withdrawn is good no longer than that. */
  fresh_s: 10,
  /** Between two readings, whatever unknown keys are named: a stream of made-up key ids must not become one of queries. */
  cool_down_s: 1,
  /** Read at the most: those of some hundred processes. */
  keys_max: 500,
} as const;

/** What holds a key for access tokens apart from one for grants, which stands in the same published set. */
const PREFIX = 'at-';

/** The id of a key for access tokens, by the `x` of its JWK: made of its thumbprint (RFC 7638), so that it is of that key alone. */
export function accessKeyId(x: string): string {
  const members = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x });
  return `${PREFIX}${createHash('sha256').update(members).digest('base64url')}`;
}

/** The keys of all processes that sign for this environment: what one has issued is good at each. */
export interface PublishedKeys {
  /** Tells the others of those whose id is made of the key. Throws `misconfigured` where an id stands for another key there. */
  publish(keys: readonly AccessTokenKey[]): Promise<void>;
  /** Null where nobody signs, or has lately signed, with a key of this id. */
  find(kid: string): Promise<KeyObject | null>;
  /** Those that sign, will sign, and have signed what may still be good. */
  list(): Promise<readonly { readonly kid: string; readonly key: KeyObject }[]>;
}

export function publishedKeys(options: {
  readonly store: AccessKeyStore;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly environment: EnvironmentName;
  /** The name of this process. */
  readonly instance: string;
}): PublishedKeys {
  const { store, uow, clock, environment, instance } = options;
  let known: ReadonlyMap<string, { readonly key: KeyObject; readonly until: number }> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    const now = clock.now().getTime();
    const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
    // Nobody publishes for longer than a lease; as much again is for clocks that differ. What claims more is not of ours.
    const window = { after: at(-ACCESS_TOKEN_TTL_MAX_S), until: at(2 * PUBLISHED_KEYS.lease_s) };
    const rows = await store.publishedKeys(environment, window, PUBLISHED_KEYS.keys_max);
    known = new Map(
      rows.flatMap((row) => {
        const key = keyOf(row);
        return key ? [[row.kid, { key, until: Date.parse(row.not_after) + ACCESS_TOKEN_TTL_MAX_S * 1000 }]] : [];
      }),
    );
    readAt = now;
  };
  /** What was read lately is good enough; of many who need it anew at once, one reads. */
  const refresh = async (seconds: number): Promise<void> => {
    const age = clock.now().getTime() - readAt;
    if (age >= 0 && age < seconds * 1000) return;
    reading ??= read().finally(() => {
      reading = null;
    });
    await reading;
  };
  const good = (kid: string): KeyObject | null => {
    const found = known.get(kid);
    return found && clock.now().getTime() < found.until ? found.key : null;
  };

  return {
    async publish(keys) {
      const now = clock.now().getTime();
      for (const { kid, key, not_after } of keys) {
        const x = publicX(key);
        // One that was made by a version before: what it has signed is good here alone, and it signs nothing more.
        if (kid !== accessKeyId(x)) continue;
        const ends = Math.min(Date.parse(not_after), now + PUBLISHED_KEYS.lease_s * 1000);
        const row = { kid, x, environment, not_after: new Date(ends).toISOString(), instance };
        if (!(await uow.transaction((tx) => store.publishKey(tx, row))))
          throw new PortreeveError('misconfigured', `The key id ${kid} is published for another key or environment.`, {
            next: 'Find out who wrote that row of identity_access_keys, and remove it as the owner of the tables.',
          });
      }
    },
    async find(kid) {
      if (!kid.startsWith(PREFIX)) return null;
      await refresh(PUBLISHED_KEYS.fresh_s);
      const found = good(kid);
      if (found) return found;
      await refresh(PUBLISHED_KEYS.cool_down_s);
      return good(kid);
    },
    async list() {
      await refresh(PUBLISHED_KEYS.fresh_s);
      return [...known.keys()].flatMap((kid) => {
        const key = good(kid);
        return key ? [{ kid, key }] : [];
      });
    },
  };
}

/** Null for a row whose id is not of its key: who may write rows cannot put a key in another one's place. */
function keyOf({ kid, x }: PublishedKey): KeyObject | null {
  if (kid !== accessKeyId(x)) return null;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    // Written otherwise, the same key would have another id.
    return publicX(key) === x ? key : null;
  } catch {
    return null;
  }
}
