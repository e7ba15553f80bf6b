import { plainKeystore } from '@portreeve/server';
import { AGENT_TOOLSET, mcpRequest, type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mcpUpstream, type UpstreamServer, upstreamConfig } from '../support/mcp-upstream.ts';

/* Upstreams as they are reached: a child process of each call, and a server that knows people. */

const READ = { readOnlyHint: true, openWorldHint: false };
const TOOL = { name: 'who_am_i', description: 'Says who asks.', annotations: READ };
/** A server over stdio of a few lines: it answers with its environment, or dies. */
const STDIO = `
const answers = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'local', version: '1' } },
  'tools/list': { tools: ['look_around', 'fall_over'].map((name) => ({ name, description: 'x', inputSchema: { type: 'object', properties: {} }, annotations: { readOnlyHint: true, openWorldHint: false } })) },
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'tools/call' && params.name === 'fall_over') process.exit(3);
  const said = method === 'tools/call' ? { content: [{ type: 'text', text: JSON.stringify(process.env) }] } : answers[method];
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...(said ? { result: said } : { error: { code: -32601, message: 'no' } }) }));
});`;

let house: TestServer;
let people: UpstreamServer;
beforeAll(async () => {
  people = await mcpUpstream();
  people.tools = [TOOL];
  people.answer = () => ({ content: [{ type: 'text', text: 'somebody' }] });
  const { approvers } = AGENT_TOOLSET;
  const byPerson = { approvers, credential: 'people', per_user: true, returns: { integrity: 'trusted' } };
  const { upstream, system } = upstreamConfig('people', people.url, byPerson);
  const local = { name: 'local', approvers, server: { transport: 'stdio', command: ['node', '-e', STDIO] } };
  house = await testServer({
    secrets: { people: 'for-lists-alone' },
    config: { mcp: { toolsets: [AGENT_TOOLSET], upstreams: [upstream, local] }, systems: system } as never,
  });
  const operator = await house.as('operator');
  for (const name of ['people', 'local']) {
    await house.server.services.mcp.gateway.refresh(name);
    for (const { tool, definition } of (await operator.get(`/v1/definitions?upstream=${name}`)).body.definitions) {
      const verdict = { upstream: name, tool, definition, verdict: 'approved', reason: 'looked at' };
      expect((await operator.post('/v1/definitions/verdicts', verdict)).status).toBe(201);
    }
  }
});
afterAll(async () => {
  await house?.close();
  await people?.close();
});

const call = (who: SignedInClient, name: string) =>
  mcpRequest(house.url, who.token, 'tools/call', { name, arguments: {} });

test('I4 F7: a server over stdio runs with nothing of our environment, and one that dies hurts only its call', async () => {
  process.env.PORTREEVE_CANARY = 'a secret of the house';
  try {
    const who = await house.addAccount('stdio-user', ['requester']);
    const { result } = await call(who, 'local_look_around');
    const seen = Object.keys(JSON.parse(result.content[0].text));
    expect(seen.filter((name) => !['PATH', 'PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))).toEqual([]);
    expect((await call(who, 'local_fall_over')).result).toMatchObject({ isError: true });
    expect((await call(who, 'local_look_around')).result.content[0].text).toContain('PATH');
  } finally {
    delete process.env.PORTREEVE_CANARY;
  }
});

test('I4 B4: an upstream that knows people is called with the secret of whoever asks, and with nobody else’s', async () => {
  const [one, other, none] = await Promise.all(
    ['one', 'other', 'none'].map((name) => house.addAccount(`person-${name}`, ['requester'])),
  );
  const vault = plainKeystore(house.stateFolder, 'test');
  await vault.set(`people-${one!.principal.id}`, 'secret-of-the-first');
  await vault.set(`people-${other!.principal.id}`, 'secret-of-the-other');
  for (const [who, secret] of [
    [one!, 'secret-of-the-first'],
    [other!, 'secret-of-the-other'],
  ] as const) {
    people.credentials.length = 0;
    const { result } = await call(who, 'people_who_am_i');
    expect(result.content).toEqual([{ type: 'text', text: 'somebody' }]);
    expect(new Set(people.credentials)).toEqual(new Set([`Bearer ${secret}`]));
  }
  const before = people.calls.length;
  expect((await call(none!, 'people_who_am_i')).result).toMatchObject({ isError: true });
  expect(people.calls.length).toBe(before);
});
