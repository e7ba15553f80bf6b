import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { AGENT_TOOLSET, type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* The official clients over HTTP: v2 of both revisions (`@modelcontextprotocol/client`), and v1 (`@modelcontextprotocol/sdk`). */

let house: TestServer;
let analyst: SignedInClient;
beforeAll(async () => {
  house = await testServer({ config: { mcp: { toolsets: [AGENT_TOOLSET] } } });
  analyst = await house.as('analyst');
});
afterAll(() => house?.close());

interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

const address = () => new URL(`${house.url}/mcp`);
const requestInit = () => ({ headers: { authorization: `Bearer ${analyst.token}` } });
const newer = async (versionNegotiation: object): Promise<AnyClient> => {
  const client = new NewClient({ name: 'v2', version: '1' }, { versionNegotiation });
  await client.connect(new NewTransport(address(), { requestInit: requestInit() }));
  return client as unknown as AnyClient;
};
const older = async (): Promise<AnyClient> => {
  const client = new OldClient({ name: 'v1', version: '1' });
  await client.connect(new OldTransport(address(), { requestInit: requestInit() }) as never);
  return client as unknown as AnyClient;
};

test.each([
  ['v2, revision 2026-07-28', () => newer({ mode: { pin: '2026-07-28' } })],
  ['v2, as it negotiates', () => newer({ mode: 'auto' })],
  ['v2, older', () => newer({ mode: 'legacy' })],
  ['v1', older],
])('I4: the official client %s lists, reads, and is told of an approval', async (name, connect) => {
  const client = await connect();
  try {
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(['declare_intent', 'cases_find_owner']));
    const read = await client.callTool({ name: 'cases_find_owner', arguments: { case_id: 'CASE-1' } });
    expect(read).toMatchObject({ structuredContent: { owner: 'team-a' } });
    const wish = { case_id: 'CASE-1', note: `by ${name}`, evidence: [] };
    const waiting = await client.callTool({ name: 'cases_post_note', arguments: wish });
    expect(waiting).toMatchObject({ isError: true, structuredContent: { status: 'pending_approval' } });
  } finally {
    await client.close();
  }
});
