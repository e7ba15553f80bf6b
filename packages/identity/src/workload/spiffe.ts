import { z } from 'zod';

/** SPIFFE-ID, 2.1 and 2.3. */
export const trustDomainSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[a-z0-9._-]+$/, 'a trust domain has lower-case letters, digits, dots, - and _');

const SEGMENTS = /^(\/[A-Za-z0-9._-]+)+$/;

/** SPIFFE-ID, 2.2: no empty segment, no `.` or `..`, no slash at the end. */
export const spiffePathSchema = z
  .string()
  .max(1700)
  .regex(SEGMENTS)
  .refine((path) => !path.split('/').some((segment) => segment === '.' || segment === '..'), 'no . or .. segment');

export interface SpiffeId {
  readonly trust_domain: string;
  readonly path: string;
}

/** A SPIFFE ID of a workload (so with a path), at most 2048 bytes; null where it is none. */
export function parseSpiffeId(text: unknown): SpiffeId | null {
  if (typeof text !== 'string' || text.length > 2048) return null;
  const match = /^spiffe:\/\/([^/]+)(\/.*)$/.exec(text);
  if (!match) return null;
  const trust_domain = trustDomainSchema.safeParse(match[1]);
  const path = spiffePathSchema.safeParse(match[2]);
  return trust_domain.success && path.success ? { trust_domain: trust_domain.data, path: path.data } : null;
}
