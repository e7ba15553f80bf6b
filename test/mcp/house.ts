import { mcpDefinitionDigest } from '@portreeve/contract';
import { AGENT_TOOLSET, type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { mcpUpstream, NO_INPUT, type UpstreamServer, upstreamConfig } from '../support/mcp-upstream.ts';

export interface Harbour {
  readonly house: TestServer;
  /** Private notes, written by anybody. */
  readonly wiki: UpstreamServer;
  /** What goes out. */
  readonly tracker: UpstreamServer;
  /** Approves what an upstream shows now; gives the names of what cannot be approved. */
  approveAll(upstream: string): Promise<string[]>;
  refresh(upstream: string): Promise<void>;
  somebody(): Promise<SignedInClient>;
  close(): Promise<void>;
}

/** The gateway before two upstreams, on HTTP, as a client meets it. */
export async function harbour(): Promise<Harbour> {
  const [wiki, tracker] = [await mcpUpstream(), await mcpUpstream()];
  const { approvers } = AGENT_TOOLSET;
  const confidential = { confidentiality: 'confidential', categories: [] };
  const behind = [
    upstreamConfig('wiki', wiki.url, { approvers, returns: confidential, clearance: confidential }),
    upstreamConfig('tracker', tracker.url, {
      approvers,
      credential: 'tracker-token',
      clearance: confidential,
      tools: { post_comment: { tier: 2, effect: 'external', destructive: false } },
    }),
  ];
  const house = await testServer({
    secrets: { 'tracker-token': 'credential-of-the-tracker' },
    config: {
      mcp: { toolsets: [AGENT_TOOLSET], upstreams: behind.map(({ upstream }) => upstream) },
      systems: Object.assign({}, ...behind.map(({ system }) => system)),
    } as never,
  });
  const operator = await house.as('operator');
  const refresh = (upstream: string) => house.server.services.mcp.gateway.refresh(upstream);
  let people = 0;
  return {
    ...{ house, wiki, tracker, refresh },
    somebody: () => house.addAccount(`harbour-user-${++people}`, ['requester']),
    async approveAll(upstream) {
      await refresh(upstream);
      const { body } = await operator.get(`/v1/definitions?upstream=${upstream}`);
      const refused: string[] = [];
      const seen = { wiki, tracker }[upstream as 'wiki' | 'tracker'].tools.map((tool) =>
        mcpDefinitionDigest({ inputSchema: NO_INPUT, ...tool }),
      );
      for (const { tool, definition, state } of body.definitions) {
        if (state === 'approved' || !seen.includes(definition)) continue;
        const wish = { upstream, tool, definition, verdict: 'approved', reason: 'looked at' };
        const { status } = await operator.post('/v1/definitions/verdicts', wish);
        if (status !== 201) refused.push(tool);
      }
      return refused;
    },
    async close() {
      await house.close();
      await wiki.close();
      await tracker.close();
    },
  };
}
