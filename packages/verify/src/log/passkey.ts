import { equal, fromBase64Url, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';

/** A WebAuthn assertion as a verdict keeps it; bytes are base64url. */
export interface PasskeyAssertion {
  readonly handle: string;
  readonly alg: string;
  /** SubjectPublicKeyInfo. */
  readonly public_key: string;
  readonly authenticator_data: string;
  readonly client_data: string;
  readonly signature: string;
}

/** Where a passkey signs, as its enrolment says. */
export interface PasskeyHome {
  readonly rp_id: string;
  readonly origin: string;
}

const ALGORITHMS = {
  ES256: { import: { name: 'ECDSA', namedCurve: 'P-256' }, verify: { name: 'ECDSA', hash: 'SHA-256' } },
  EdDSA: { import: { name: 'Ed25519' }, verify: { name: 'Ed25519' } },
  RS256: { import: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, verify: { name: 'RSASSA-PKCS1-v1_5' } },
} as const;

const USER_PRESENT_AND_VERIFIED = 0x05;
const RP_ID_HASH_BYTES = 32;

/**
 * Whether an assertion is a passkey's own over exactly this message (WebAuthn Level 3, 7.2): the challenge is the SHA-256
 * of the message, the user was present and verified, and the signature is of the public key that comes with it. With a
 * `home`: made for that domain and on that origin, and in no frame of another site. Whose key it is, the caller must know.
 * The counter is not checked: that a key was not cloned shows only in the order in which it was used.
 */
export async function verifyAssertion(
  assertion: PasskeyAssertion,
  message: Uint8Array,
  home: PasskeyHome | null = null,
): Promise<boolean> {
  const alg = Object.hasOwn(ALGORITHMS, assertion.alg) ? ALGORITHMS[assertion.alg as keyof typeof ALGORITHMS] : null;
  const key = fromBase64Url(assertion.public_key);
  const data = fromBase64Url(assertion.authenticator_data);
  const client = fromBase64Url(assertion.client_data);
  const signature = fromBase64Url(assertion.signature);
  if (!alg || !key || !client || !signature || !data || data.length < RP_ID_HASH_BYTES + 5) return false;
  if (((data[RP_ID_HASH_BYTES] as number) & USER_PRESENT_AND_VERIFIED) !== USER_PRESENT_AND_VERIFIED) return false;
  if (!saysSo(client, message, home)) return false;
  if (home && !equal(data.slice(0, RP_ID_HASH_BYTES), sha256(utf8(home.rp_id)))) return false;
  try {
    const { subtle } = globalThis.crypto;
    const imported = await subtle.importKey('spki', Uint8Array.from(key), alg.import, false, ['verify']);
    const signed = Uint8Array.from([...data, ...sha256(client)]);
    const raw = assertion.alg === 'ES256' ? rawOfDer(signature) : signature;
    return raw !== null && (await subtle.verify(alg.verify, imported, Uint8Array.from(raw), signed));
  } catch {
    return false;
  }
}

/** Whether the client data is of a signature, over this message, and from home. */
function saysSo(client: Uint8Array, message: Uint8Array, home: PasskeyHome | null): boolean {
  try {
    const { type, challenge, origin, crossOrigin } = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(client),
    );
    const signed = typeof challenge === 'string' ? fromBase64Url(challenge) : null;
    if (type !== 'webauthn.get' || crossOrigin === true) return false;
    return signed !== null && equal(signed, sha256(message)) && (home === null || origin === home.origin);
  } catch {
    return false;
  }
}

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const P256_BYTES = 32;

/** An ECDSA signature as WebCrypto takes it (r, s) from the DER that authenticators give (RFC 3279, 2.2.3). */
function rawOfDer(der: Uint8Array): Uint8Array | null {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return null;
  const raw = new Uint8Array(2 * P256_BYTES);
  let at = 2;
  for (const end of [P256_BYTES, 2 * P256_BYTES]) {
    const length = der[at + 1];
    if (der[at] !== INTEGER || length === undefined || length < 1 || at + 2 + length > der.length) return null;
    const number = der.slice(at + 2, at + 2 + length);
    const digits = number[0] === 0 ? number.slice(1) : number;
    if (digits.length > P256_BYTES) return null;
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  return at === der.length ? raw : null;
}
