import type { McpConfig } from '@portreeve/contract';

/** Whether a secret is one that the upstream is called with, or that buys such a credential. */
export function isOfUpstream(
  { credential, per_user, credentials }: McpConfig['upstreams'][number],
  name: string,
): boolean {
  if (credentials?.exchange.client_secret === name) return true;
  if (credential === undefined) return false;
  return name === credential || (per_user && name.startsWith(`${credential}-prn_`));
}
