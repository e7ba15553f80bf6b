import { randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ARGON2_PARAMS, type Argon2Params, argon2id, argon2ParamsSchema, KEY_BYTES, SALT_BYTES } from './argon2.ts';
import { limiter } from './limiter.ts';

export const PASSWORD_CHARS = { min: 12, max: 256 } as const;
const DISTINCT_CHARS_MIN = 5;

/** A new password: 12 to 256 characters, at least 5 of them distinct. */
export const passwordSchema = z
  .string()
  .max(1024)
  .refine((text) => text.isWellFormed(), 'the password is not well-formed Unicode')
  .refine((text) => [...text].length >= PASSWORD_CHARS.min, `use at least ${PASSWORD_CHARS.min} characters`)
  .refine((text) => [...text].length <= PASSWORD_CHARS.max, `use at most ${PASSWORD_CHARS.max} characters`)
  .refine((text) => new Set(text).size >= DISTINCT_CHARS_MIN, 'use more different characters');

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** A hash in the PHC string format that no password opens; checking against it costs what a real check costs. */
export const NO_PASSWORD = phc(ARGON2_PARAMS, Buffer.alloc(SALT_BYTES), Buffer.alloc(KEY_BYTES));

const inTurn = limiter({ running: 2, waiting: 64 });

/** The PHC string of a password: argon2id with OWASP's parameters and a random salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return phc(ARGON2_PARAMS, salt, await inTurn(() => argon2id(password, salt, ARGON2_PARAMS)));
}

/**
 * Whether a password matches a PHC string, compared in constant time. With `null` (no such account, or one without a
 * password) the same work is done and the answer is false.
 */
export async function verifyPassword(hash: string | null, password: string): Promise<boolean> {
  const match = PHC.exec(hash ?? NO_PASSWORD);
  if (!match) throw new TypeError('the stored password hash is not an argon2id PHC string');
  const params = argon2ParamsSchema.parse({ m: Number(match[1]), t: Number(match[2]), p: Number(match[3]) });
  const expected = Buffer.from(match[5]!, 'base64');
  const actual = await inTurn(() => argon2id(password, Buffer.from(match[4]!, 'base64'), params));
  return timingSafeEqual(actual, expected) && hash !== null;
}

function phc(params: Argon2Params, salt: Buffer, key: Buffer): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${params.m},t=${params.t},p=${params.p}$${base64(salt)}$${base64(key)}`;
}
