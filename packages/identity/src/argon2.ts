import { argon2 } from 'node:crypto';
import { z } from 'zod';

/**
 * Cost of argon2id (RFC 9106): `m` KiB of memory, `t` passes, `p` lanes. The floor is OWASP's recommendation; the
 * ceiling keeps parameters that come from outside from exhausting the machine.
 */
export const argon2ParamsSchema = z.strictObject({
  m: z
    .int()
    .min(19_456)
    .max(256 * 1024),
  t: z.int().min(2).max(10),
  p: z.int().min(1).max(4),
});
export type Argon2Params = z.infer<typeof argon2ParamsSchema>;

export const ARGON2_PARAMS: Argon2Params = { m: 19_456, t: 2, p: 1 };

export const SALT_BYTES = 16;
export const KEY_BYTES = 32;

/**
 * 32 bytes derived from a password. The password is taken in Unicode form NFKC, so that the same characters typed on
 * another keyboard give the same bytes (NIST SP 800-63B, 3.1.1.2).
 */
export function argon2id(password: string, salt: Uint8Array, params: Argon2Params): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2(
      'argon2id',
      {
        message: Buffer.from(password.normalize('NFKC'), 'utf8'),
        nonce: salt,
        memory: params.m,
        passes: params.t,
        parallelism: params.p,
        tagLength: KEY_BYTES,
      },
      (error, key) => (error ? reject(error) : resolve(key)),
    );
  });
}
