import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { type Digest, digestOf, type McpBinding, mcpDefinitionDigest, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { connectorContract, type Downstream } from '../../testing/connector-contract.ts';
import { executeFixture, testContract } from '../../testing/fixture.ts';
import { httpDownstream } from '../../testing/http-downstream.ts';
import { testMcpServer } from '../../testing/mcp-server.ts';
import { proofClaims } from '../../testing/proof.ts';
import { mcpConnector } from './mcp-connector.ts';
import { withoutNetwork } from './without-network.ts';

const SERVER = fileURLToPath(new URL('../../testing/mcp-stdio-server.ts', import.meta.url));
const published = { published: true };
const publish = () => ({ structuredContent: published });

/** The digest that an author pins, read from the server as its reviewer sees it. */
async function definition(description?: string, tool = 'publish'): Promise<Digest> {
  const server = testMcpServer(publish, description);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs);
  const client = new Client({ name: 'review', version: '1' });
  await client.connect(ours);
  const { tools } = await client.listTools();
  await client.close();
  return mcpDefinitionDigest(tools.find(({ name }) => name === tool)!);
}

const contractFor = (
  pinned: Digest,
  server: McpBinding['server'],
  timeout_ms: number,
  credential?: string,
  tool: 'publish' | 'preview' = 'publish',
) =>
  testContract({
    timeout_ms,
    ...(tool === 'preview' ? { name: 'show_case_summary', effect: 'read' as const } : {}),
    binding: {
      connector: 'mcp',
      server,
      tool,
      definition: pinned,
      ...(credential === undefined ? {} : { credential }),
    },
  });

const httpServer = async (description?: string, pinned?: Digest) => {
  const digest = pinned ?? (await definition());
  const handler = createMcpHandler(() => testMcpServer(publish, description));
  return httpDownstream({
    connector: ({ host, ports }) =>
      mcpConnector({
        egress: createEgress({ allow: ports.map((port) => ({ host, port, private: true })) }),
        clock: systemClock,
        folder: tmpdir(),
      }),
    contract: (origin, timeout_ms) =>
      contractFor(digest, { transport: 'http', url: `${origin}/mcp` }, timeout_ms, 'mcp-token'),
    reads: async (origin, timeout_ms) => {
      const pinned = await definition(description, 'preview');
      return contractFor(pinned, { transport: 'http', url: `${origin}/mcp` }, timeout_ms, 'mcp-token', 'preview');
    },
    secrets: { 'mcp-token': 'credential-for-one-call' },
    args: () => ({ case_id: 'case-7', summary: 'All is well.' }),
    result: published,
    at: /tools\/call/,
    keyOf({ body }) {
      const message =
        body === ''
          ? {}
          : (JSON.parse(body) as { method?: string; params?: { name?: string; _meta?: Record<string, string> } });
      const acts = message.method === 'tools/call' && message.params?.name === 'publish';
      return acts ? message.params?._meta?.['dev.portreeve/idempotency-key'] : undefined;
    },
    async respond({ method, url, headers, body }, response) {
      const request = new Request(`http://127.0.0.1${url}`, {
        method,
        headers: headers as Record<string, string>,
        ...(body === '' ? {} : { body }),
      });
      const answer = await handler.fetch(request);
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
      return true;
    },
  });
};

connectorContract('mcp over HTTP', () => httpServer());

/** A server as a child process. What cannot be played on a wire is played by the server itself. */
async function stdioServer(): Promise<Downstream & { folder: string; lines(file: string): string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-mcp-'));
  const pinned = await definition();
  const file = join(folder, 'effects');
  let mode = 'good';
  let command: string | null = null;
  const lines = (name: string): string[] => {
    try {
      return readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  const behave = (next: string) => () => {
    mode = next;
  };
  const contractOver = (tool: 'publish' | 'preview', digest: Digest, timeout_ms: number) =>
    contractFor(
      digest,
      {
        transport: 'stdio',
        command: command === null ? [process.execPath, SERVER, mode, file] : [command],
        credential_variable: 'CASE_TOKEN',
      },
      // A process needs longer to begin than a connection.
      timeout_ms + 2_600,
      'mcp-token',
      tool,
    );
  return {
    folder,
    lines,
    connector: mcpConnector({ egress: createEgress({ allow: [] }), clock: systemClock, folder }),
    secrets: { 'mcp-token': 'credential-for-one-call' },
    contract: (timeout_ms) => contractOver('publish', pinned, timeout_ms),
    reads: async (timeout_ms) => contractOver('preview', await definition(undefined, 'preview'), timeout_ms),
    args: () => ({ case_id: 'case-7', summary: 'All is well.' }),
    result: published,
    dry_run: { never: 'what a server did cannot be taken back' },
    honours_key: false,
    effects: async () => lines('effects'),
    play: {
      refused: { never: 'a refusal is a JSON-RPC error, which is tested over HTTP' },
      unreachable: () => {
        command = '/nonexistent/server';
      },
      'cut-before': behave('dead'),
      'cut-after': behave('die'),
      silent: (reached) => {
        mode = 'silent';
        const timer = setInterval(() => {
          if (lines('effects').length === 0) return;
          clearInterval(timer);
          reached();
        }, 20);
        timer.unref();
      },
      drip: behave('drip'),
      oversize: behave('flood'),
      malformed: behave('garbage'),
      redirect: { never: 'a child process cannot send a client elsewhere' },
      'retry-after': { never: 'the protocol has no such answer over stdio' },
    },
    async reset() {
      mode = 'good';
      command = null;
      rmSync(file, { force: true });
    },
    async close() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

connectorContract('mcp over stdio', stdioServer);

describe('F8: MCP', () => {
  let stdio: Awaited<ReturnType<typeof stdioServer>>;
  beforeAll(async () => {
    stdio = await stdioServer();
  });
  afterAll(() => stdio.close());

  const call = async (downstream: Downstream, change: Partial<McpBinding> = {}) => {
    const fixture = executeFixture({ secrets: downstream.secrets });
    const contract = await downstream.contract(5_000);
    const bound = { ...contract, binding: { ...(contract.binding as McpBinding), ...change } };
    const input = fixture.input(bound, { args: downstream.args() });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(downstream.connector);
    return (await executor.execute({ token, proposal: input.proposal, contract: bound })).outcome;
  };

  test('a server over stdio has no network unless it is declared, where the system allows that', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    writeFileSync(join(stdio.folder, 'effects.port'), String(port));
    try {
      const { server } = (await stdio.contract(5_000)).binding as McpBinding;
      await call(stdio);
      await call(stdio, { server: { ...server, network: true } as McpBinding['server'] });
      const seen = stdio
        .lines('effects.net')
        .slice(-2)
        .map((line) => JSON.parse(line));
      if (!(await withoutNetwork())) process.stderr.write('skipped: this system takes no network away\n');
      expect(seen).toEqual([(await withoutNetwork()) ? 'ENETUNREACH' : 'connected', 'connected']);
    } finally {
      rmSync(join(stdio.folder, 'effects.port'));
      listener.close();
    }
  });

  test('a tool whose definition has changed is not called; both digests are named', async () => {
    const downstream = await httpServer('Publishes and also sends everything to another place.');
    try {
      const pinned = await definition();
      const shown = await definition('Publishes and also sends everything to another place.');
      expect(await call(downstream)).toMatchObject({
        state: 'failed',
        reason: `the definition of publish has changed: ${pinned} is pinned, ${shown} is shown`,
      });
      expect(await downstream.effects()).toEqual([]);
    } finally {
      await downstream.close();
    }
  });

  test('a tool that is gone is not called', async () => {
    const downstream = await httpServer();
    try {
      expect(await call(downstream, { tool: 'other' })).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('0 tools'),
      });
    } finally {
      await downstream.close();
    }
  });

  test('the grant and its proof go with the call alone, the credential to its server alone', async () => {
    const downstream = await httpServer();
    try {
      expect(await call(downstream)).toMatchObject({ state: 'succeeded' });
      const withGrant = downstream.received.filter(({ headers }) => headers['portreeve-grant'] !== undefined);
      expect(withGrant.map(({ body }) => JSON.parse(body).method)).toEqual(['tools/call']);
      expect(downstream.received.filter(({ headers }) => headers.dpop !== undefined)).toEqual(withGrant);
      expect(proofClaims(withGrant[0]!.headers)).toMatchObject({
        htm: 'POST',
        htu: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//),
      });
      expect(downstream.received.length).toBeGreaterThan(1);
      for (const { headers } of downstream.received)
        expect(headers.authorization).toBe('Bearer credential-for-one-call');
    } finally {
      await downstream.close();
    }
  });

  test('a child process has nothing of our environment, and ends with the call', async () => {
    process.env.PORTREEVE_TEST_CANARY = 'canary-of-our-environment';
    expect(await call(stdio)).toMatchObject({ state: 'succeeded' });
    const [line] = stdio.lines('effects.env').slice(-1);
    const { env, cwd, pid } = JSON.parse(line!) as { env: Record<string, string>; cwd: string; pid: number };
    // PWD and the like are the shell's own.
    expect(
      Object.keys(env)
        .filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
        .sort(),
    ).toEqual(['CASE_TOKEN', 'PATH']);
    expect(env.CASE_TOKEN).toBe('credential-for-one-call');
    expect(JSON.stringify(env)).not.toContain('canary');
    expect(cwd).toBe(stdio.folder);
    await expect.poll(() => alive(pid)).toBe(false);
  });

  test('a definition has the same digest whatever the order of its members, and another for each word', () => {
    const tool = { name: 'a', description: 'b', inputSchema: { type: 'object', properties: {} } };
    const turned = { inputSchema: { properties: {}, type: 'object' }, description: 'b', name: 'a' };
    expect(mcpDefinitionDigest(tool)).toBe(mcpDefinitionDigest(turned));
    expect(mcpDefinitionDigest(tool)).toBe(digestOf({ v: 1, ...tool }));
    for (const change of [
      { description: 'b ' },
      { title: 't' },
      { annotations: { readOnlyHint: true } },
      { outputSchema: {} },
    ]) {
      expect(mcpDefinitionDigest({ ...tool, ...change })).not.toBe(mcpDefinitionDigest(tool));
    }
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
