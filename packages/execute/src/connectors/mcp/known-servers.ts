import { createHash } from 'node:crypto';
import type { Client, PriorDiscovery, Tool } from '@modelcontextprotocol/client';
import { type Clock, canonicalJson, type McpServer } from '@portreeve/contract';

interface Known {
  readonly prior: PriorDiscovery | null;
  readonly tools: readonly Tool[] | null;
  readonly at: number;
}

/** Servers with a credential each, of which this process remembers something. */
const KNOWN_MAX = 256;

/**
 * What a server has said of itself, kept for a moment for callers that make many calls: which revision it speaks, and its
 * tools. `fresh_ms` is how long a definition that was checked counts as checked.
 */
export function knownServers(options: { readonly clock: Clock; readonly fresh_ms: number }) {
  const known = new Map<string, Known>();
  const now = () => options.clock.now().getTime();
  return {
    /** Never the credential itself: it ends with its call. */
    keyOf: (server: McpServer, credential: string | null): string =>
      createHash('sha256').update(canonicalJson({ server, credential })).digest('base64url'),

    find(key: string): Known | null {
      const found = known.get(key);
      return found && now() - found.at <= options.fresh_ms ? found : null;
    },

    keep(key: string, client: Client, tools: readonly Tool[] | null): void {
      const discover = client.getDiscoverResult();
      const prior: PriorDiscovery = discover ? { kind: 'modern', discover } : { kind: 'legacy' };
      known.delete(key);
      known.set(key, { prior, tools, at: now() });
      if (known.size > KNOWN_MAX) known.delete(known.keys().next().value as string);
    },

    forget: (key: string): boolean => known.delete(key),
  };
}
export type KnownServers = ReturnType<typeof knownServers>;
