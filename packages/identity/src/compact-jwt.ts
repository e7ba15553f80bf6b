import { z } from 'zod';
import { boundedJson } from './bounded-json.ts';
import { Refused } from './refusal.ts';

/** Characters of a token from outside at the most. */
export const JWT_CHARS_MAX = 16 * 1024;
const HEADER_CHARS_MAX = 2048;
const JWT_DEPTH_MAX = 8;

const headerSchema = z.looseObject({
  alg: z.string().min(1).max(16),
  /** It is only compared, never opened: no path, address or query. The bound keeps logs and look-ups small. */
  kid: z
    .string()
    .regex(/^[A-Za-z0-9._~:+=@-]{1,200}$/)
    .optional(),
  typ: z.string().max(64).optional(),
});

/** Header members that would have us fetch or take a key from the sender, or read the token in another way (RFC 7515). */
const REFUSED_MEMBERS = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'cty'];

export interface PeekedJwt {
  readonly header: z.infer<typeof headerSchema>;
  /** Not verified: good for choosing whom to ask, and for nothing else. */
  readonly unverified: Readonly<Record<string, unknown>>;
}

/** Whether a bearer has the form of a compact JWS (RFC 7515, 7.1). */
export function looksLikeJwt(bearer: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(bearer);
}

/** Reads a compact JWT before it is verified, within bounds. Throws {@link Refused}. */
export function peekJwt(token: string): PeekedJwt {
  if (token.length > JWT_CHARS_MAX) throw new Refused('too_large');
  if (!looksLikeJwt(token)) throw new Refused('malformed');
  const [head = '', body = '', signature = ''] = token.split('.');
  if (head.length > HEADER_CHARS_MAX) throw new Refused('too_large');
  const rawHeader = objectOf(head, 2);
  const header = headerSchema.safeParse(rawHeader);
  if (!header.success) throw new Refused('header', { cause: header.error });
  if (REFUSED_MEMBERS.some((member) => Object.hasOwn(rawHeader, member))) throw new Refused('header');
  // `none` has no signature; asked for here as well as in the lists of algorithms.
  if (signature.length === 0) throw new Refused('algorithm');
  return { header: header.data, unverified: objectOf(body, JWT_DEPTH_MAX) };
}

function objectOf(part: string, depth: number): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url'));
  } catch (error) {
    throw new Refused('malformed', { cause: error });
  }
  const value = boundedJson(text, depth);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refused('malformed');
  return value as Record<string, unknown>;
}
