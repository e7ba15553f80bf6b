import { sha256 } from './sha256.ts';

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** RFC 4648 section 4, with padding and nothing else; `null` for any other text. */
export function fromBase64(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    // Bits that the padding hides must be zero: each value has one text.
    return toBase64(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** RFC 4648 section 5, without padding. */
export function fromBase64Url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const padding = '='.repeat((4 - (text.length % 4)) % 4);
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + padding);
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** `sha256:` and the hex digits, as entries name a payload. */
export function digestOfText(text: string): string {
  return `sha256:${Array.from(sha256(utf8(text)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Ed25519 (RFC 8032). False also for a key or a signature that is none. */
export async function verifyEd25519(key: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  try {
    const { subtle } = globalThis.crypto;
    const imported = await subtle.importKey('raw', Uint8Array.from(key), { name: 'Ed25519' }, false, ['verify']);
    return await subtle.verify({ name: 'Ed25519' }, imported, Uint8Array.from(signature), Uint8Array.from(message));
  } catch {
    return false;
  }
}

/**
 * ML-DSA-44 (FIPS 204), by Node's own cryptography. False also for a key or a signature that is none. Throws where the
 * runtime has no ML-DSA: what cannot be checked is neither right nor wrong.
 */
export async function verifyMlDsa44(key: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const { createPublicKey, verify } = await import('node:crypto');
  const pub = toBase64(key).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  let publicKey: ReturnType<typeof createPublicKey>;
  try {
    publicKey = createPublicKey({ key: { kty: 'AKP', alg: 'ML-DSA-44', pub }, format: 'jwk' });
  } catch (cause) {
    throw new Error('this runtime cannot check ML-DSA-44 signatures: use Node 24.7 or later', { cause });
  }
  return verify(null, message, publicKey, signature);
}
