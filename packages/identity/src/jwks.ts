import type { Clock } from '@portreeve/contract';
import { importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { boundedFetch, type Fetch } from './bounded-fetch.ts';
import { boundedJson } from './bounded-json.ts';
import { Refused } from './refusal.ts';

export const JWKS_LIMITS = {
  bytes_max: 256 * 1024,
  keys_max: 100,
  timeout_ms: 5000,
  /** After this long the set is asked for again before it is used. */
  fresh_s: 10 * 60,
  /** While it cannot be had, the one before is used for this long: an outage there is not at once one here. */
  stale_s: 60 * 60,
  /** Between two requests, whatever unknown keys are named: a stream of made-up key ids must not become one of requests. */
  cool_down_s: 30,
} as const;

/** What a workload may sign with: no shared secret, no `none`. `kty` and `crv` are what a key of each must be. */
const FAMILIES: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
};
export const WORKLOAD_ALGORITHMS = Object.keys(FAMILIES);

const jwkSchema = z.looseObject({
  kty: z.string(),
  kid: z.string().max(200).optional(),
  use: z.string().optional(),
  alg: z.string().optional(),
  crv: z.string().optional(),
});
const jwksSchema = z.looseObject({ keys: z.array(jwkSchema).max(JWKS_LIMITS.keys_max) });

/** Uses that allow a signature to be checked; `jwt-svid` is SPIFFE's (SPIFFE trust domain and bundle, 4.2.2). */
const USES: readonly (string | undefined)[] = [undefined, 'sig', 'jwt-svid'];

export type PublicKey = Awaited<ReturnType<typeof importJWK>>;

export interface KeySet {
  /** The one key of this id, for this algorithm. Throws {@link Refused}. */
  key(kid: string | undefined, alg: string): Promise<PublicKey>;
}

/**
 * The keys behind a JWKS address (RFC 7517), fetched when needed: bounded, cached, asked for again when a key id is
 * unknown, and then not more often than the cool-down allows.
 */
export function jwksAt(options: {
  readonly url: () => Promise<string>;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeout_ms?: number;
}): KeySet {
  const { clock } = options;
  const fetch = boundedFetch(options.fetch, {
    bytes_max: JWKS_LIMITS.bytes_max,
    timeout_ms: options.timeout_ms ?? JWKS_LIMITS.timeout_ms,
  });
  let known: { readonly keys: readonly z.infer<typeof jwkSchema>[]; readonly at: number } | null = null;
  let tried_at = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;
  let failure: unknown;

  const load = async (): Promise<void> => {
    const response = await fetch(await options.url(), { headers: { accept: 'application/json' } });
    if (response.status !== 200) throw new Error(`the key set answered ${response.status}`);
    known = { keys: jwksSchema.parse(boundedJson(await response.text(), 8)).keys, at: clock.now().getTime() };
  };
  const refresh = async (): Promise<void> => {
    const now = clock.now().getTime();
    if (!asking) {
      if (now - tried_at < JWKS_LIMITS.cool_down_s * 1000) return;
      tried_at = now;
      asking = load()
        .then(() => {
          failure = undefined;
        })
        .catch((error: unknown) => {
          failure = error;
        })
        .finally(() => {
          asking = null;
        });
    }
    await asking;
  };
  const age_s = () => (known ? (clock.now().getTime() - known.at) / 1000 : Number.POSITIVE_INFINITY);

  return {
    async key(kid, alg) {
      const family = Object.hasOwn(FAMILIES, alg) ? FAMILIES[alg] : undefined;
      if (!family) throw new Refused('algorithm');
      if (kid === undefined) throw new Refused('header');
      if (age_s() >= JWKS_LIMITS.fresh_s) await refresh();
      const named = () => known?.keys.filter((key) => key.kid === kid && USES.includes(key.use)) ?? [];
      if (known && named().length === 0) await refresh();
      if (!known || age_s() >= JWKS_LIMITS.stale_s) throw new Refused('keys_unavailable', { cause: failure });
      const [jwk, ...others] = named();
      if (!jwk) throw new Refused('key_unknown');
      // Two keys of one id: which one is meant would be up to the sender.
      if (others.length > 0) throw new Refused('key_ambiguous');
      if (jwk.kty !== family.kty || (family.crv && jwk.crv !== family.crv) || (jwk.alg && jwk.alg !== alg))
        throw new Refused('algorithm');
      try {
        return await importJWK(publicPart(jwk as JWK), alg);
      } catch (error) {
        throw new Refused('keys_unavailable', { cause: error });
      }
    },
  };
}

function publicPart({ kty, n, e, crv, x, y }: JWK): JWK {
  return (kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y }) as JWK;
}
