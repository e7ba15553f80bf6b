import { createHash, randomBytes } from 'node:crypto';

/** What a bearer secret opens, by its prefix. The prefix lets scanners find a leaked one. */
export const SECRET_PREFIXES = { session: 'prs_', token: 'prt_' } as const;
export type SecretKind = keyof typeof SECRET_PREFIXES;

const BODY = /^[A-Za-z0-9_-]{43}$/;

/** A new bearer secret of 256 random bits. It is shown once; only its {@link secretHash} is kept. */
export function newSecret(kind: SecretKind): string {
  return SECRET_PREFIXES[kind] + randomBytes(32).toString('base64url');
}

/**
 * SHA-256 in hex. A slow hash would add nothing: the secret has 256 random bits, and what is looked up is the hash, so
 * the time of a look-up says nothing about a secret.
 */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** The kind of a well-formed bearer secret, or null. */
export function secretKind(bearer: string): SecretKind | null {
  for (const kind of ['session', 'token'] as const) {
    const prefix = SECRET_PREFIXES[kind];
    if (bearer.startsWith(prefix) && BODY.test(bearer.slice(prefix.length))) return kind;
  }
  return null;
}
