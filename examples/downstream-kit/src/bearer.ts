import { createHash, timingSafeEqual } from 'node:crypto';
import type { Call } from './app.ts';
import { Problem } from './problem.ts';

/** Refuses a call that does not carry the secret as `Authorization: Bearer …`. The comparison takes the same time for each. */
export function bearerCheck(secret: string): (call: Pick<Call, 'header'>) => void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(secret);
  return (call) => {
    const given = /^Bearer ([\x21-\x7e]+)$/.exec(call.header('Authorization') ?? '')?.[1] ?? '';
    if (!timingSafeEqual(digest(given), expected))
      throw new Problem(401, 'unauthorized', 'A token is needed.', { 'www-authenticate': 'Bearer' });
  };
}
