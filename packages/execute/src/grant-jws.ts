import { isUtf8 } from 'node:buffer';
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { PortreeveError } from '@portreeve/contract';
import type { JSONWebKeySet, JWK } from 'jose';

// A grant is signed and verified once for each action. Over the synchronous calls of Node, issuing takes 66 µs of processor
// and checking 143; by WebCrypto, and the thread pool that it goes through, they took 138 and 205. `verify-grant.test.ts`
// holds both against jose, token by token.

const ALG = 'EdDSA';
const SIGNATURE_BYTES = 64;
/** Characters of a header at the most. Ours has a hundred. */
const HEADER_CHARS_MAX = 1024;

/** Why a text is no JWS of a known key. For our own eyes: whoever sent it is not told which part was wrong. */
export class BadJws extends Error {
  override readonly name = 'BadJws';
}

/** A compact JWS taken apart. Nothing in it is to be believed before {@link JwsCheck} has verified it. */
export interface ParsedJws {
  readonly kid: string;
  /** As it stands there. */
  readonly typ: unknown;
  /** What the signature is of. */
  readonly signed: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

export interface VerifiedJws {
  /** As it stands in the header: whoever asks compares it. */
  readonly typ: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Throws {@link BadJws} for what no key of the set has signed. */
export type JwsCheck = (token: string) => VerifiedJws;

/** Signs objects as compact JWS (RFC 7515, RFC 8037) with an Ed25519 key: the same bytes for the same object. */
export function createJwsSigner(
  privateKey: KeyObject,
  { typ, kid }: { readonly typ: string; readonly kid: string },
): (payload: object) => string {
  const header = encode({ alg: ALG, typ, kid });
  return (payload) => {
    const signed = `${header}.${encode(payload)}`;
    return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
  };
}

/**
 * Verifies compact JWS with the public Ed25519 keys of a set, as it is now. A key counts where it may verify, is public
 * and has an id of its own. Throws `misconfigured` for what is no set of keys.
 */
export function createJwsCheck(jwks: JSONWebKeySet): JwsCheck {
  const keys = keysById(jwks);
  return (token) => {
    const { kid, typ, signed, payload, signature } = parseJws(token);
    // INVARIANT: the key comes from our own set, by its id, and its algorithm from us; a token brings neither along.
    const key = keys.get(kid);
    if (!key) throw new BadJws('no key has this id');
    if (!verify(null, signed, key, signature)) throw new BadJws('the signature is not of this key');
    return { typ, claims: objectIn(payload, 'payload') };
  };
}

/**
 * Takes a compact JWS apart: three parts in the one base64url that there is of their bytes, a header that names EdDSA and
 * a key and makes nothing critical. Throws {@link BadJws} for any other text.
 */
export function parseJws(token: string): ParsedJws {
  const [header = '', payload = '', signature = '', ...more] = token.split('.', 4);
  if (header === '' || payload === '' || signature === '' || more.length > 0) throw new BadJws('not three parts');
  if (header.length > HEADER_CHARS_MAX) throw new BadJws('the header is too long');
  const { alg, kid, typ, ...rest } = objectIn(decode(header, 'header'), 'header');
  if (alg !== ALG) throw new BadJws('another algorithm');
  if (typeof kid !== 'string') throw new BadJws('no key is named');
  // Whatever is critical is something that this program does not know (RFC 7515, 4.1.11); nor do we know another payload.
  if (Object.hasOwn(rest, 'crit') || Object.hasOwn(rest, 'b64')) throw new BadJws('the header wants something else');
  const bytes = decode(signature, 'signature');
  if (bytes.length !== SIGNATURE_BYTES) throw new BadJws('a signature of another length');
  const signed = Buffer.from(`${header}.${payload}`, 'latin1');
  return { kid, typ, signed, payload: decode(payload, 'payload'), signature: bytes };
}

function keysById(jwks: JSONWebKeySet): ReadonlyMap<string, KeyObject> {
  if (!Array.isArray(jwks?.keys) || !jwks.keys.every((jwk) => typeof jwk === 'object' && jwk !== null))
    throw new PortreeveError('misconfigured', 'The public keys of grants are no JSON Web Key Set.');
  const usable = jwks.keys.filter(mayVerify);
  // Which of two keys an id means is nobody's guess: it means none.
  const named = usable.filter(({ kid }) => usable.filter((other) => other.kid === kid).length === 1);
  return new Map(
    named.flatMap((jwk) => {
      const key = publicKeyOf(jwk);
      return key ? [[jwk.kid!, key] as const] : [];
    }),
  );
}

/** RFC 7517, 4.2 to 4.4: what a key says of its own use. */
function mayVerify({ kty, crv, kid, alg, use, key_ops, ext }: JWK): boolean {
  return (
    kty === 'OKP' &&
    crv === 'Ed25519' &&
    typeof kid === 'string' &&
    (alg === undefined || alg === ALG) &&
    (use === undefined || use === 'sig') &&
    (key_ops === undefined ||
      (Array.isArray(key_ops) && key_ops.includes('verify') && new Set(key_ops).size === key_ops.length)) &&
    (ext === undefined || typeof ext === 'boolean')
  );
}

function publicKeyOf({ x, d }: JWK): KeyObject | null {
  if (typeof x !== 'string' || d !== undefined) return null;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return key.export({ format: 'jwk' }).x === x ? key : null;
  } catch {
    return null;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The bytes of the one text that base64url has for them: no padding, no other alphabet, no bits left over. */
function decode(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new BadJws(`the ${what} is no base64url`);
  return bytes;
}

function objectIn(bytes: Buffer, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = isUtf8(bytes) ? JSON.parse(bytes.toString('utf8')) : null;
  } catch (cause) {
    throw new BadJws(`the ${what} is no JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadJws(`the ${what} is no JSON object`);
  return value as Record<string, unknown>;
}
