import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { ARGON2_PARAMS, argon2id, argon2ParamsSchema, SALT_BYTES } from './argon2.ts';

/*
 * A person's signing key (requirement F5), made and opened where the person sits. The server keeps the public key and
 * the wrapped private key; it never holds the key that opens it. Nothing here needs the server.
 */

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEED_BYTES = 32;
/** What RFC 8410 puts before the seed in a PKCS#8 Ed25519 private key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Exactly `bytes` bytes in unpadded base64url, in its one canonical spelling. */
function base64url(bytes: number) {
  return z
    .string()
    .max(Math.ceil((bytes * 4) / 3))
    .refine((text) => {
      const raw = Buffer.from(text, 'base64url');
      return raw.length === bytes && raw.toString('base64url') === text;
    }, `expected ${bytes} bytes in base64url`);
}

/**
 * The encodings of points of small order, without the sign bit. By the equation of RFC 8032 anybody can make a signature
 * on any message under such a key. Some verifiers refuse them, others do not; evidence must not depend on which is used.
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** Base64url of a 32-byte Ed25519 public key (RFC 8037 `x`). Points of small order are refused. */
export const publicKeySchema = base64url(SEED_BYTES).refine((text) => {
  const raw = Buffer.from(text, 'base64url');
  raw[SEED_BYTES - 1]! &= 0x7f;
  return !SMALL_ORDER.has(raw.toString('hex'));
}, 'the public key is weak');

export const wrappedKeySchema = z.strictObject({
  kdf: z.literal('argon2id'),
  params: argon2ParamsSchema,
  salt: base64url(SALT_BYTES),
  nonce: base64url(NONCE_BYTES),
  /** AES-256-GCM of the 32-byte Ed25519 seed, then the 16-byte tag; the public key is additional data. */
  ciphertext: base64url(SEED_BYTES + TAG_BYTES),
});
export type WrappedKey = z.infer<typeof wrappedKeySchema>;

export const signingKeySchema = z.strictObject({ public_key: publicKeySchema, wrapped: wrappedKeySchema });
export type SigningKey = z.infer<typeof signingKeySchema>;

/** An opened signing key. It lives in memory alone. */
export interface Signer {
  /** Base64url of the 32-byte Ed25519 public key. */
  readonly public_key: string;
  /** The 64-byte Ed25519 signature (RFC 8032) over `bytes`. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Makes a new Ed25519 key and wraps its private half under the password. */
export async function makeSigningKey(password: string): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const seed = der.subarray(PKCS8_HEAD.length);
  const public_key = publicKeyOf(privateKey);
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await argon2id(password, salt, ARGON2_PARAMS);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additionalData(public_key));
  const ciphertext = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  der.fill(0);
  key.fill(0);
  return {
    public_key,
    wrapped: {
      kdf: 'argon2id',
      params: { ...ARGON2_PARAMS },
      salt: salt.toString('base64url'),
      nonce: nonce.toString('base64url'),
      ciphertext: ciphertext.toString('base64url'),
    },
  };
}

/**
 * Opens a signing key. Throws `sign_in_failed` where the password does not fit or the key was altered, `bad_request`
 * where it is not of the form of {@link signingKeySchema} (its costs are bounded, so that a server cannot exhaust the
 * client with it).
 */
export async function unlockSigningKey(signingKey: SigningKey, password: string): Promise<Signer> {
  const parsed = signingKeySchema.safeParse(signingKey);
  if (!parsed.success) throw new PortreeveError('bad_request', 'The stored signing key is malformed.');
  const { public_key, wrapped } = parsed.data;
  const key = await argon2id(password, Buffer.from(wrapped.salt, 'base64url'), wrapped.params);
  const sealed = Buffer.from(wrapped.ciphertext, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(wrapped.nonce, 'base64url'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(additionalData(public_key)).setAuthTag(sealed.subarray(SEED_BYTES));
  let privateKey: KeyObject;
  try {
    const seed = Buffer.concat([decipher.update(sealed.subarray(0, SEED_BYTES)), decipher.final()]);
    const der = Buffer.concat([PKCS8_HEAD, seed]);
    privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    seed.fill(0);
    der.fill(0);
  } catch (cause) {
    throw new PortreeveError('sign_in_failed', 'The password does not open the signing key.', { cause });
  } finally {
    key.fill(0);
  }
  if (publicKeyOf(privateKey) !== public_key)
    throw new PortreeveError('sign_in_failed', 'The signing key does not belong to its public key.');
  return { public_key, sign: (bytes) => sign(null, bytes, privateKey) };
}

function publicKeyOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'jwk' }).x!;
}

function additionalData(public_key: string): Buffer {
  return Buffer.from(`portreeve/signing-key/v1\n${public_key}`, 'utf8');
}
