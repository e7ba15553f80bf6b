import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { CATEGORIES, type Json, type JsonObject } from '@portreeve/contract';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import { type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { mcpUpstream, type UpstreamServer, upstreamConfig } from '../../test/support/mcp-upstream.ts';
import { contractOf, outputOf } from './contracts.ts';
import type { AgentDojo, Call, ToolLabels, Trace } from './data.ts';
import type { GateUnderTest, Replay, Verdict } from './gates.ts';

const APPROVERS = 'bench-leads';

interface ToolAnswer {
  readonly isError?: boolean;
  readonly structuredContent?: { readonly status?: string; readonly code?: string; readonly approval_id?: string };
}

/**
 * Portreeve as agents meet it: a running server whose `/mcp` the official client calls over HTTP with a token, and behind
 * it one upstream a suite that answers what was recorded. Each trace is somebody of its own, and so a session of its own;
 * it declares the tools of the honest task first. People are an approver who signs each verdict.
 */
export async function overMcp(data: AgentDojo): Promise<{ gate: GateUnderTest; close(): Promise<void> }> {
  const undo: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    if (!process.env.PORTREEVE_TEST_DATABASE_URL) undo.push(await embeddedDatabase());
    const upstreams = new Map<string, UpstreamServer>();
    for (const [suite, tools] of data.toolsBySuite) {
      const upstream = await mcpUpstream();
      undo.push(() => upstream.close());
      upstream.tools = [...tools.values()].map(definitionOf);
      upstreams.set(suite, upstream);
    }
    const behind = [...upstreams].map(([suite, { url }]) =>
      upstreamConfig(suite, url, {
        ...{ risk: 'low', approvers: [APPROVERS], tools: overlaysOf(data.toolsBySuite.get(suite)!.values()) },
        clearance: { confidentiality: 'restricted', categories: [...CATEGORIES] },
      }),
    );
    const house = await testServer({
      config: {
        mcp: { upstreams: behind.map(({ upstream }) => upstream), per_minute: 10_000_000 },
        systems: Object.assign({}, ...behind.map(({ system }) => system)),
      } as never,
    });
    undo.push(() => house.close());
    for (const suite of upstreams.keys()) await approveAll(house, suite, data.toolsBySuite.get(suite)!.size);
    const approver = await house.addAccount('bench-lead', ['approver'], [APPROVERS]);
    let people = 0;
    return {
      gate: {
        name: 'ours',
        begin: (trace, tools, intended) => {
          const upstream = upstreams.get(trace.suite)!;
          return replayOver({ house, approver, upstream, trace, tools, intended, name: `bench-agent-${++people}` });
        },
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function replayOver(at: {
  readonly house: TestServer;
  readonly approver: SignedInClient;
  readonly upstream: UpstreamServer;
  readonly trace: Trace;
  readonly tools: ReadonlyMap<string, ToolLabels>;
  readonly intended: readonly string[];
  /** Who it is that the trace is of. */
  readonly name: string;
}): Replay {
  const { house, approver, upstream, trace, intended } = at;
  const asked = new Map<number, string>();
  let client: Promise<Client> | null = null;

  async function connected(): Promise<Client> {
    const made = await agent(house, at.name);
    const calls = [...new Set(intended)].map((tool) => ({
      ...{ tool: shownName(trace, tool), times: intended.filter((each) => each === tool).length },
    }));
    const declared = await callTool(made, 'declare_intent', { task: trace.prompt, calls });
    if (declared.isError) throw new TypeError(`the intent was not taken: ${JSON.stringify(declared)}`);
    return made;
  }

  async function make(call: Call): Promise<ToolAnswer> {
    client ??= connected();
    upstream.answer = () => answerOf(call, at.tools);
    return callTool(await client, shownName(trace, call.tool), call.args);
  }

  return {
    async judge(call, index) {
      const { verdict, approval } = verdictOf(await make(call));
      if (approval !== undefined) asked.set(index, approval);
      return verdict;
    },
    async answer(call, index, isApproved) {
      const path = `/v1/approvals/${asked.get(index)}`;
      const shown = (await approver.get(path)).body;
      const signed = await house.verdict('bench-lead', shown, isApproved ? 'approve' : 'deny');
      const { status, body } = await approver.post(`${path}/verdicts`, signed);
      if (status !== 201) throw new TypeError(`the verdict was not taken: ${JSON.stringify(body)}`);
      // The same call again learns how it ended, and has it done where it was approved.
      const { verdict } = verdictOf(await make(call));
      if (verdict !== (isApproved ? 'ran' : 'refused')) throw new TypeError(`${verdict} after a verdict`);
    },
  };
}

/** An account of its own with a token, as the official client of the newest revision. */
async function agent(house: TestServer, name: string): Promise<Client> {
  const admin = await house.as('admin');
  const account = await admin.post('/v1/accounts', { name, kind: 'service', roles: ['requester'] });
  const wish = { account: account.body.id, label: name, roles: ['requester'], ttl_minutes: 600 };
  const { status, body } = await admin.post('/v1/tokens', wish);
  if (status !== 201) throw new TypeError(`${name} gets no token: ${JSON.stringify([account.body, body])}`);
  const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const requestInit = { headers: { authorization: `Bearer ${body.token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), { requestInit }));
  return client;
}

const callTool = async (client: Client, name: string, args: object): Promise<ToolAnswer> =>
  (await client.callTool({ name, arguments: args as Record<string, unknown> })) as ToolAnswer;

function verdictOf({ isError, structuredContent }: ToolAnswer): { verdict: Verdict; approval?: string } {
  if (!isError) return { verdict: 'ran' };
  const { status, code, approval_id: approval } = structuredContent ?? {};
  if (status === 'pending_approval' && approval !== undefined) return { verdict: 'asked', approval };
  if (status === 'denied' || (status === 'refused' && (code === undefined || code === 'bad_input')))
    return { verdict: 'refused' };
  throw new TypeError(`nobody expected ${JSON.stringify(structuredContent)}`);
}

const shownName = ({ suite }: Trace, tool: string): string => `${suite}_${tool}`;

/** What was recorded, as a server of MCP answers it: a text, or the value and, for older clients, its JSON as a text. */
function answerOf({ output, tool }: Call, tools: ReadonlyMap<string, ToolLabels>): object {
  const labels = tools.get(tool);
  const value = labels ? outputOf(contractOf(labels), output) : output;
  const structuredContent = structuredOf(value);
  if (structuredContent === null)
    return { content: [{ type: 'text', text: typeof output === 'string' ? output : JSON.stringify(output) }] };
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

function structuredOf(value: Json): JsonObject | null {
  if (typeof value !== 'object' || value === null) return null;
  return Array.isArray(value) ? { result: value as Json } : (value as JsonObject);
}

const definitionOf = (labels: ToolLabels) => {
  const { name, description, args, effect, destructive = false, egress = false } = contractOf(labels);
  const annotations = { readOnlyHint: effect === 'read', destructiveHint: destructive, openWorldHint: egress };
  return { name, description, inputSchema: args, annotations };
};

/** What a reviewer says of each tool: its labels, and nothing of a suite. */
function overlaysOf(tools: Iterable<ToolLabels>): JsonObject {
  const overlays = [...tools].map((labels) => {
    const { name, tier, effect, sinks, clearance, destructive, egress, returns, undo } = contractOf(labels);
    return [name, { tier, effect, sinks, clearance, destructive, egress, returns, undo }];
  });
  return JSON.parse(JSON.stringify(Object.fromEntries(overlays))) as JsonObject;
}

/** A person approves each definition; every tool of the suite must then be there. */
async function approveAll(house: TestServer, upstream: string, tools: number): Promise<void> {
  const operator = await house.as('operator');
  await house.server.services.mcp.gateway.refresh(upstream);
  const { definitions } = (await operator.get(`/v1/definitions?upstream=${upstream}`)).body;
  for (const { tool, definition } of definitions) {
    const verdict = { upstream, tool, definition, verdict: 'approved', reason: 'a bench' };
    const { status, body } = await operator.post('/v1/definitions/verdicts', verdict);
    if (status !== 201) throw new TypeError(`${tool} of ${upstream} is not approved: ${JSON.stringify(body)}`);
  }
  const found = house.server.services.mcp.gateway
    .upstreams()
    .find(({ config }) => config.name === upstream)!
    .state();
  if (found.tools.length !== tools) throw new TypeError(`${upstream} withholds ${JSON.stringify([...found.withheld])}`);
}

async function embeddedDatabase(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-agentdojo-'));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
  process.env.PORTREEVE_TEST_DATABASE_URL = postgres.url;
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
