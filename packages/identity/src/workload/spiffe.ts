import { spiffePathSchema, trustDomainSchema } from '@portreeve/contract';

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
