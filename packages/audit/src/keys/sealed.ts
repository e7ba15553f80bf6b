import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { nonceBytes } from '@portreeve/contract';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/**
 * Seals text with AES-256-GCM (NIST SP 800-38D): base64url of a random nonce (12 bytes), the ciphertext and the tag (16
 * bytes). `binding` is authenticated and not kept: it opens at the same place alone.
 */
export function seal(key: KeyObject, binding: string, text: string): string {
  const nonce = nonceBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(binding, 'utf8'));
  const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64url');
}

/** The text, or `null` where it is not what was sealed with this key at this place. */
export function unseal(key: KeyObject, binding: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(binding, 'utf8'));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

/** Bytes of a text that {@link seal} makes from one of `bytes` bytes. */
export function sealedSize(bytes: number): number {
  return Math.ceil(((bytes + NONCE_BYTES + TAG_BYTES) * 4) / 3);
}
