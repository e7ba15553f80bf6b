import { expect, test } from 'vitest';
import { hashPassword, NO_PASSWORD, passwordSchema, verifyPassword } from './password.ts';

const PASSWORD = 'correct horse battery';

test('B1: a password is hashed with argon2id at OWASP\u2019s cost, with its own salt each time', async () => {
  const [first, second] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)];
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(second).not.toBe(first);
  expect(await verifyPassword(first, PASSWORD)).toBe(true);
  expect(await verifyPassword(first, `${PASSWORD} `)).toBe(false);
});

test('the cost stands in the hash: another cost is another hash, and one below the floor is not computed', async () => {
  const hash = await hashPassword(PASSWORD);
  const other = hash.replace('m=19456', 'm=19457');
  expect(await verifyPassword(other, PASSWORD)).toBe(false);
  await expect(verifyPassword(hash.replace('m=19456', 'm=64'), PASSWORD)).rejects.toThrow();
  await expect(verifyPassword(hash.replace('argon2id', 'argon2i'), PASSWORD)).rejects.toThrow('PHC');
});

test('without a hash the same work is done and nothing is right', async () => {
  expect(await verifyPassword(null, PASSWORD)).toBe(false);
  expect(await verifyPassword(NO_PASSWORD, PASSWORD)).toBe(false);
});

test('the same characters in another Unicode form are the same password', async () => {
  const hash = await hashPassword('caf\u00e9 au lait 7 times');
  expect(await verifyPassword(hash, 'cafe\u0301 au lait 7 times')).toBe(true);
});

test.each([
  ['too short', 'abcdefghijk'],
  ['too long', 'abcde'.repeat(52)],
  ['one character over and over', 'a'.repeat(20)],
  ['eleven characters of two code units', '\u{1f600}'.repeat(11)],
  ['a lone surrogate', `abcdefghijkl\ud800`],
])('B1: a password is refused: %s', (_why, password) => {
  expect(passwordSchema.safeParse(password).success).toBe(false);
});
