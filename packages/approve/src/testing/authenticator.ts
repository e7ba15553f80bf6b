import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { GivenAssertion } from '../passkeys/signed-verdict.ts';

/** What a page asks an authenticator for, as far as this one looks at it. */
interface Asked {
  readonly challenge: string;
  readonly rpId: string;
}

export interface AuthenticatorOptions {
  readonly alg?: 'ES256' | 'EdDSA' | 'RS256';
  /** Whether its keys may be copied to other devices (the flags `BE` and `BS`). */
  readonly synced?: boolean;
}

/** What may be wrong with one answer: each stands for an attack. */
export interface Flaws {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly counter?: number;
  readonly user_verified?: boolean;
  readonly type?: string;
  readonly crossOrigin?: boolean;
}

/** An authenticator in software with one key: it makes real attestations and assertions (WebAuthn Level 3, 6). */
export interface SoftwareAuthenticator {
  readonly handle: string;
  readonly origin: string;
  register(asked: Asked, flaws?: Flaws): { handle: string; client_data: string; attestation: string };
  assert(asked: Asked, flaws?: Flaws): GivenAssertion;
}

const UP = 0x01;
const UV = 0x04;
const BE = 0x08;
const BS = 0x10;
const AT = 0x40;

export function softwareAuthenticator(origin: string, options: AuthenticatorOptions = {}): SoftwareAuthenticator {
  const { alg = 'ES256', synced = false } = options;
  const { privateKey, cose } = makeKey(alg);
  const id = randomBytes(32);
  const handle = id.toString('base64url');
  let counter = 0;

  const clientData = (type: string, asked: Asked, flaws: Flaws) =>
    Buffer.from(
      JSON.stringify({
        type: flaws.type ?? type,
        challenge: flaws.challenge ?? asked.challenge,
        origin: flaws.origin ?? origin,
        crossOrigin: flaws.crossOrigin ?? false,
      }),
    );
  const authenticatorData = (asked: Asked, flaws: Flaws, extra: number) => {
    counter = flaws.counter ?? (synced ? 0 : counter + 1);
    const flags = UP | (flaws.user_verified === false ? 0 : UV) | (synced ? BE | BS : 0) | extra;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(Buffer.from(flaws.rpId ?? asked.rpId)), Buffer.of(flags), count]);
  };

  return {
    handle,
    origin,
    register(asked, flaws = {}) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const data = Buffer.concat([authenticatorData(asked, flaws, AT), Buffer.alloc(16), length, id, cose]);
      const attestation = cborMap([
        ['fmt', 'none'],
        ['attStmt', null],
        ['authData', data],
      ]);
      return {
        handle,
        client_data: clientData('webauthn.create', asked, flaws).toString('base64url'),
        attestation: attestation.toString('base64url'),
      };
    },
    assert(asked, flaws = {}) {
      const client = clientData('webauthn.get', asked, flaws);
      const data = authenticatorData(asked, flaws, 0);
      const signature = sign(alg === 'EdDSA' ? null : 'sha256', Buffer.concat([data, sha256(client)]), privateKey);
      return {
        handle,
        client_data: client.toString('base64url'),
        authenticator_data: data.toString('base64url'),
        signature: signature.toString('base64url'),
      };
    },
  };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

function makeKey(alg: 'ES256' | 'EdDSA' | 'RS256'): { privateKey: KeyObject; cose: Buffer } {
  const part = (jwk: { [name: string]: unknown }, name: string) => Buffer.from(String(jwk[name]), 'base64url');
  if (alg === 'ES256') {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    return {
      privateKey,
      cose: cborMap([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, part(jwk, 'x')],
        [-3, part(jwk, 'y')],
      ]),
    };
  }
  if (alg === 'EdDSA') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    return {
      privateKey,
      cose: cborMap([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, part(jwk, 'x')],
      ]),
    };
  }
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  return {
    privateKey,
    cose: cborMap([
      [1, 3],
      [3, -257],
      [-1, part(jwk, 'n')],
      [-2, part(jwk, 'e')],
    ]),
  };
}

/** `null` stands for an empty map. */
type Cbor = number | string | Buffer | null;

/** As much of CBOR (RFC 8949) as attestations need. */
function cborMap(pairs: readonly (readonly [number | string, Cbor])[]): Buffer {
  return Buffer.concat([head(5, pairs.length), ...pairs.flat().map(cbor)]);
}

function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return head(5, 0);
}

function head(major: number, n: number): Buffer {
  if (n < 24) return Buffer.of((major << 5) | n);
  if (n < 256) return Buffer.of((major << 5) | 24, n);
  return Buffer.of((major << 5) | 25, n >> 8, n & 0xff);
}
