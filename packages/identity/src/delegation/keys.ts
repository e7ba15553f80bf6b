import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Clock, type EnvironmentName, PortreeveError } from '@portreeve/contract';

/** Seconds that an access token lives at the most, and so how long a key outlives its last signature. */
export const ACCESS_TOKEN_TTL_MAX_S = 900;

/** An Ed25519 key that signs access tokens. */
export interface AccessTokenKey {
  readonly kid: string;
  readonly key: KeyObject;
  /** The one environment that it belongs to. */
  readonly environment: EnvironmentName;
  /** When it begins to sign; it is published at once, so that verifiers know it in time. Default: always. */
  readonly not_before?: string;
  /** When it stops signing. What it has signed is good until that expires. */
  readonly not_after: string;
}

export interface AccessKeys {
  /** The newest that may sign now. Throws `misconfigured` where there is none. */
  signer(): AccessTokenKey;
  /** Null where no key of this id is good for verifying now. */
  verifier(kid: string): KeyObject | null;
  /** Those that sign, will sign, and have signed what may still be good. */
  verifiers(): readonly AccessTokenKey[];
}

/** The `x` of the JWK (RFC 8037) of a key of Ed25519, public or private. */
export function publicX(key: KeyObject): string {
  const { x } = (key.type === 'public' ? key : createPublicKey(key)).export({ format: 'jwk' });
  return x!;
}

/** `source` is asked each time, so that keys can be added and retired while the server runs. */
export function accessKeys(
  source: readonly AccessTokenKey[] | (() => readonly AccessTokenKey[]),
  environment: EnvironmentName,
  clock: Clock,
): AccessKeys {
  const all = () => checked(typeof source === 'function' ? source() : source, environment);
  const verifying = () => {
    const now = clock.now().getTime();
    return all().filter((key) => now < Date.parse(key.not_after) + ACCESS_TOKEN_TTL_MAX_S * 1000);
  };
  all();
  return {
    signer() {
      const now = clock.now().getTime();
      const begin = (key: AccessTokenKey) => (key.not_before === undefined ? 0 : Date.parse(key.not_before));
      const [newest] = all()
        .filter((key) => begin(key) <= now && now < Date.parse(key.not_after))
        .sort((left, right) => begin(right) - begin(left));
      if (!newest) throw new PortreeveError('misconfigured', 'No key for access tokens is valid now.');
      return newest;
    },
    verifier(kid) {
      const found = verifying().find((key) => key.kid === kid);
      return found ? createPublicKey(found.key) : null;
    },
    verifiers: verifying,
  };
}

function checked(keys: readonly AccessTokenKey[], environment: EnvironmentName): readonly AccessTokenKey[] {
  const wrong = (detail: string) => new PortreeveError('misconfigured', detail);
  for (const { kid, key, environment: own, not_before, not_after } of keys) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(kid)) throw wrong('A key id has letters, digits, - and _ alone.');
    if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519')
      throw wrong(`Access tokens are signed with Ed25519 private keys: ${kid} is none.`);
    if (own !== environment) throw wrong(`The key ${kid} belongs to ${own}, and this is ${environment}.`);
    if (Number.isNaN(Date.parse(not_after)) || (not_before !== undefined && Number.isNaN(Date.parse(not_before))))
      throw wrong(`The times of the key ${kid} are not RFC 3339.`);
  }
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) throw wrong('Two keys have one id.');
  return keys;
}
