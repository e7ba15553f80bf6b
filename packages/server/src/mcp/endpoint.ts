import { createHash } from 'node:crypto';
import {
  type AuthInfo,
  createMcpHandler,
  createRequestStateCodec,
  isLegacyRequest,
} from '@modelcontextprotocol/server';
import type { Clock } from '@portreeve/contract';
import type { Authenticated } from '@portreeve/identity';
import { type FaceDeps, mcpServerFor } from './face.ts';
import { olderConnections, type RecordConnection } from './older-connections.ts';
import type { RoundState } from './rounds.ts';

/** How long the answer to what an upstream asks may take. */
const ROUND_TTL_S = 600;

export interface McpEndpoint {
  /** Answers one HTTP request of an authenticated caller. `body`: the parsed JSON of a POST. */
  handle(request: Request, who: Authenticated, body: unknown): Promise<Response>;
  close(): Promise<void>;
}

/**
 * `/mcp` (Streamable HTTP): revision 2026-07-28 without state, and the older ones on connections of their own. Whoever
 * calls has been authenticated, and `Host` and `Origin` have been looked at.
 */
export function mcpEndpoint(
  deps: Omit<FaceDeps, 'state'> & {
    readonly record: RecordConnection;
    readonly clock: Clock /** At least 32 bytes. */;
    readonly key: Buffer;
  },
): McpEndpoint {
  // Of a purpose of its own: what this key signs is worth nothing elsewhere.
  const key = createHash('sha256').update('portreeve mcp request state v1').update(deps.key).digest();
  const state = createRequestStateCodec<RoundState>({ key, ttlSeconds: ROUND_TTL_S });
  const face = { ...deps, state };
  const older = olderConnections(deps.clock, deps.record);
  const newer = createMcpHandler(({ authInfo }) => mcpServerFor(face, authInfo?.extra?.who as Authenticated, 'newer'), {
    legacy: 'reject',
    onerror: () => undefined,
  });
  const unsubscribe = deps.gateway.onChange((changed) => {
    newer.notify.toolsChanged();
    newer.notify.promptsChanged();
    newer.notify.resourcesChanged();
    for (const uri of changed.resources) newer.notify.resourceUpdated(uri);
    older.changed(changed);
  });
  return {
    async handle(request, who, body) {
      const authInfo: AuthInfo = {
        // The token itself stays where it was looked at.
        token: '',
        clientId: who.principal.act[0]?.id ?? who.principal.id,
        scopes: [],
        expiresAt: Math.floor(Date.parse(who.expires_at) / 1000),
        extra: { who },
      };
      if (await isLegacyRequest(request, body ?? null)) {
        return older.serve(request, {
          who,
          body,
          authInfo,
          makeServer: () => mcpServerFor(face, who, 'older'),
        });
      }
      return newer.fetch(request, { authInfo, ...(body === undefined ? {} : { parsedBody: body }) });
    },
    async close() {
      unsubscribe();
      await newer.close();
      await older.close();
    },
  };
}
