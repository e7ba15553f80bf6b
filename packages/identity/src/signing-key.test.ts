import { createPublicKey, verify } from 'node:crypto';
import { isPortreeveError } from '@portreeve/contract';
import { beforeAll, expect, test } from 'vitest';
import { makeSigningKey, publicKeySchema, type SigningKey, signingKeySchema, unlockSigningKey } from './signing-key.ts';

const PASSWORD = 'correct horse battery';
const BYTES = new TextEncoder().encode('what is signed');
let made: SigningKey;
beforeAll(async () => {
  made = await makeSigningKey(PASSWORD);
});

function verifies(public_key: string, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: public_key }, format: 'jwk' });
  return verify(null, BYTES, key, signature);
}

const failure = (work: Promise<unknown>) => work.then(() => null).catch((error: unknown) => error);

test('F5: a key that was opened with its password signs for its public key', async () => {
  expect(signingKeySchema.parse(made)).toEqual(made);
  const signer = await unlockSigningKey(made, PASSWORD);
  expect(signer.public_key).toBe(made.public_key);
  expect(verifies(made.public_key, signer.sign(BYTES))).toBe(true);
});

test('F5: what the server keeps does not hold the private key', async () => {
  const again = await makeSigningKey(PASSWORD);
  expect(again.public_key).not.toBe(made.public_key);
  expect(again.wrapped.salt).not.toBe(made.wrapped.salt);
  expect(Object.keys(made.wrapped).sort()).toEqual(['ciphertext', 'kdf', 'nonce', 'params', 'salt']);
});

test('another password does not open it', async () => {
  expect(isPortreeveError(await failure(unlockSigningKey(made, 'another password')), 'sign_in_failed')).toBe(true);
});

test('an altered key does not open: ciphertext, nonce, salt, or another person\u2019s public key', async () => {
  const other = await makeSigningKey(PASSWORD);
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
  const altered: SigningKey[] = [
    { ...made, wrapped: { ...made.wrapped, ciphertext: flip(made.wrapped.ciphertext) } },
    { ...made, wrapped: { ...made.wrapped, nonce: flip(made.wrapped.nonce) } },
    { ...made, wrapped: { ...made.wrapped, salt: flip(made.wrapped.salt) } },
    { ...made, public_key: other.public_key },
  ];
  for (const key of altered)
    expect(isPortreeveError(await failure(unlockSigningKey(key, PASSWORD)), 'sign_in_failed')).toBe(true);
});

test('costs that would exhaust the client, or protect nothing, are refused', async () => {
  for (const params of [
    { m: 4 * 1024 * 1024, t: 2, p: 1 },
    { m: 19_456, t: 1000, p: 1 },
    { m: 64, t: 2, p: 1 },
  ]) {
    const key = { ...made, wrapped: { ...made.wrapped, params } };
    expect(isPortreeveError(await failure(unlockSigningKey(key, PASSWORD)), 'bad_request')).toBe(true);
  }
});

test('F5: a public key under which anybody could sign is refused, with either sign bit', () => {
  const identity = Buffer.alloc(32);
  identity[0] = 1;
  const orderTwo = Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex');
  const orderFour = Buffer.alloc(32);
  const orderEight = Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex');
  for (const weak of [identity, orderTwo, orderFour, orderEight]) {
    expect(publicKeySchema.safeParse(weak.toString('base64url')).success).toBe(false);
    weak[31]! |= 0x80;
    expect(publicKeySchema.safeParse(weak.toString('base64url')).success).toBe(false);
  }
  expect(publicKeySchema.safeParse(made.public_key).success).toBe(true);
});

test('a public key has one spelling', () => {
  const last = made.public_key.at(-1)!;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twin = made.public_key.slice(0, -1) + alphabet[alphabet.indexOf(last) ^ 1];
  expect(Buffer.from(twin, 'base64url').equals(Buffer.from(made.public_key, 'base64url'))).toBe(true);
  expect(publicKeySchema.safeParse(twin).success).toBe(false);
});
