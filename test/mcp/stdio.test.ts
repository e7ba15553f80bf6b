import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { AGENT_TOOLSET, type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLI } from '../support/cli.ts';
import { start } from '../support/processes.ts';

/*
 * `portreeve mcp`: the bridge from a local client's standard input to the gateway. The client is the official one; the
 * process is the real command.
 */

const REVISIONS = [
  ['2026-07-28', { mode: { pin: '2026-07-28' } }],
  ['2025-11-25', { mode: 'legacy' }],
] as const;

let house: TestServer;
let analyst: SignedInClient;
beforeAll(async () => {
  house = await testServer({ config: { mcp: { toolsets: [AGENT_TOOLSET] } } });
  analyst = await house.as('analyst');
});
afterAll(() => house?.close());

const args = () => [CLI, 'mcp', '--server', house.url];

async function connected(versionNegotiation: object, token: string): Promise<Client> {
  const client = new Client({ name: 'local', version: '1' }, { versionNegotiation });
  const env = { PORTREEVE_TOKEN: token, PATH: process.env.PATH ?? '' };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: args(), env, stderr: 'ignore' }));
  return client;
}

const records = async (type: string) => {
  const { body } = await (await house.as('auditor')).get(`/v1/audit/records?type=${type}&limit=500`);
  return body.records.length as number;
};

test.each(REVISIONS)('I4: a local client of revision %s goes through the same gate', async (revision, negotiation) => {
  const client = await connected(negotiation, analyst.token);
  try {
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('cases_find_owner');
    const before = await records('proposal.submitted');
    const read = await client.callTool({ name: 'cases_find_owner', arguments: { case_id: 'CASE-1' } });
    expect(read).toMatchObject({ structuredContent: { owner: 'team-a' } });
    const waiting = await client.callTool({
      name: 'cases_post_note',
      arguments: { case_id: 'CASE-1', note: `Över ${revision}`, evidence: [] },
    });
    expect(waiting).toMatchObject({ isError: true, structuredContent: { status: 'pending_approval' } });
    expect(await records('proposal.submitted')).toBe(before + 2);
    await expect(client.callTool({ name: 'cases_nothing', arguments: {} })).rejects.toThrow('There is no tool');
  } finally {
    await client.close();
  }
});

/** The command with these lines as its whole input. */
async function given(lines: readonly string[], env: Record<string, string>, more: readonly string[] = []) {
  const started = start(process.execPath, [...args(), ...more], { env, keepInput: true });
  // A bridge that has had enough does not read on.
  started.child.stdin!.on('error', () => undefined).end(lines.map((line) => `${line}\n`).join(''));
  const { code, out, err } = await started.ended;
  const messages = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { code, messages, err };
}

const request = (id: number, method: string, params: object = {}) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  });

test('I4: what is refused over HTTP is an error of JSON-RPC here, and standard output is the protocol’s alone', async () => {
  const { code, messages } = await given([request(1, 'tools/list'), 'no json'], { PORTREEVE_TOKEN: 'none of ours' });
  expect(code).toBe(0);
  expect(messages.find(({ id }) => id === 1)).toMatchObject({ error: { code: 401, data: { code: 'not_signed_in' } } });
  expect(messages.find(({ id }) => id === null)).toMatchObject({ error: { code: -32700 } });
});

test('I4: a gateway that cannot be reached is an error, and nothing is done', async () => {
  const started = start(process.execPath, [CLI, 'mcp', '--server', 'http://127.0.0.1:9'], {
    env: { PORTREEVE_TOKEN: 'x' },
    keepInput: true,
  });
  started.child.stdin!.end(`${request(7, 'tools/call', { name: 'cases_find_owner', arguments: {} })}\n`);
  const { out } = await started.ended;
  expect(JSON.parse(out)).toMatchObject({ id: 7, error: { code: 503, data: { code: 'unavailable' } } });
});

test('I4: a token in a file is read again for each message', async () => {
  const file = join(house.stateFolder, 'token');
  await writeFile(file, `${analyst.token}\n`);
  const { messages } = await given([request(1, 'tools/list')], {}, ['--token-file', file]);
  expect(messages[0].result.tools.length).toBeGreaterThan(1);
  await writeFile(file, 'revoked');
  expect((await given([request(1, 'tools/list')], {}, ['--token-file', file])).messages[0].error.code).toBe(401);
  expect(await readFile(file, 'utf8')).toBe('revoked');
});

test('I4: a message that is too long ends the bridge', async () => {
  const { code, messages } = await given([`"${'x'.repeat(9 * 1024 * 1024)}"`], {
    PORTREEVE_TOKEN: analyst.token,
  });
  expect(code).toBe(1);
  expect(messages).toEqual([]);
});
