import { request } from 'node:http';
import type { SignedInClient } from '@portreeve/server/testing';
import { mcpRequest } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harbour, harbour } from './house.ts';

/* Attacks on the endpoint itself, each through the real gateway over HTTP. */

let at: Harbour;
let analyst: SignedInClient;
beforeAll(async () => {
  at = await harbour();
  analyst = await at.house.as('analyst');
});
afterAll(() => at?.close());

const list = (token: string | null, headers: Record<string, string> = {}) =>
  mcpRequest(at.house.url, token, 'tools/list', {}, { headers });
const call = (who: SignedInClient, name: string, args: object = {}, options = {}) =>
  mcpRequest(at.house.url, who.token, 'tools/call', { name, arguments: args }, options);
const proposals = async () => {
  const { body } = await (await at.house.as('auditor')).get('/v1/audit/records?type=proposal.submitted&limit=500');
  return body.records.length as number;
};

/** A request whose `Host` is not where it goes, which `fetch` does not send. */
const withHost = (host: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(at.house.url);
    const sent = request(
      {
        ...{ hostname, port, path: '/mcp', method: 'POST' },
        headers: { host, authorization: `Bearer ${analyst.token}`, 'content-type': 'application/json', ...headers },
      },
      (answer) => resolve(answer.resume().statusCode ?? 0),
    );
    sent.on('error', reject).end('{}');
  });

test('I4 B4 T40: a token that was made for another resource is refused, here and the other way round', async () => {
  const admin = await at.house.as('admin');
  const review_by = new Date(Date.now() + 86_400_000).toISOString();
  const { body: agent } = await admin.post('/v1/agents', {
    ...{ name: 'harbour-agent', owner: admin.principal.id, purpose: 'a test', roles: ['requester'], review_by },
    ...{ tools: ['find_owner'], data: { confidentiality: 'internal' } },
  });
  await admin.post(`/v1/agents/${agent.id}/events`, { event: 'activate', reason: 'a test' });
  const { body: own } = await admin.post('/v1/tokens', {
    account: agent.id,
    label: 'x',
    roles: ['requester'],
    ttl_minutes: 60,
  });
  const tokenFor = async (resource?: string) => {
    const scope = 'role:requester tool:find_owner';
    const { body: leave } = await analyst.post('/v1/delegations', { agent: agent.id, scope, ttl_s: 300 });
    const exchange = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: leave.token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      actor_token: own.token,
      actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      ...(resource === undefined ? {} : { resource }),
    };
    const { status, body } = await at.house.anonymous.call('POST', '/oauth/token', {
      raw: new URLSearchParams(exchange).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(status, JSON.stringify(body)).toBe(200);
    return body.access_token as string;
  };
  const [forApi, forMcp] = [await tokenFor(), await tokenFor('http://127.0.0.1:7410/mcp')];
  expect((await list(forMcp)).status).toBe(200);
  const refused = await list(forApi);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
  const { url } = at.house;
  const answer = await fetch(`${url}/v1/session`, { headers: { authorization: `Bearer ${forMcp}` } });
  expect(answer.status).toBe(401);
});

test('I4 T40: another Host or Origin is refused, whatever token comes with it', async () => {
  expect(await withHost('evil.example')).toBe(403);
  expect(await withHost('127.0.0.1.evil.example:80')).toBe(403);
  expect(await withHost('127.0.0.1', { origin: 'https://evil.example' })).toBe(403);
  expect(await withHost('127.0.0.1', { origin: 'null' })).toBe(403);
  expect(await withHost('127.0.0.1')).not.toBe(403);
});

test('I4 B2: a tool that the token was not made for answers 403 with all scopes that are needed', async () => {
  const { body } = await analyst.post('/v1/tokens', {
    ...{ label: 'narrow', roles: ['requester'], tools: ['find_owner'], ttl_minutes: 60 },
  });
  const narrow = { ...analyst, token: body.token as string };
  const { result } = await list(narrow.token);
  expect(result.tools.map(({ name }: { name: string }) => name)).toEqual(['declare_intent', 'cases_find_owner']);
  const refused = await call(narrow, 'cases_post_note', { case_id: 'CASE-1', note: 'x', evidence: [] });
  expect(refused.status).toBe(403);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  expect(challenge).toContain('error="insufficient_scope"');
  expect(challenge).toContain('tool:find_owner tool:post_note');
});

test('I4 T21: a message that is too large, or too deep, is refused, and the next one is answered', async () => {
  const raw = (body: string) =>
    fetch(`${at.house.url}/mcp`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${analyst.token}`, 'content-type': 'application/json' },
        ...{ accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28' },
        ...{ 'mcp-method': 'tools/call', 'mcp-name': 'cases_find_owner' },
      },
      body,
    });
  expect((await raw(`"${'x'.repeat(4 * 1024 * 1024)}"`)).status).toBe(413);
  const before = await proposals();
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const meta =
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
  const message = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"cases_find_owner","arguments":{"case_id":${deep}},${meta}}}`;
  const answer = await raw(message);
  const text = await answer.text();
  expect(answer.status < 500 && !text.includes('"code":-32603'), text.slice(0, 300)).toBe(true);
  expect(text).not.toContain('structuredContent":{"owner');
  expect(await proposals()).toBe(before);
  expect((await list(analyst.token)).status).toBe(200);
});

test('I4 T41: headers that say another thing than the body are refused, and nothing is proposed', async () => {
  const before = await proposals();
  for (const headers of [{ 'mcp-name': 'cases_find_owner' }, { 'mcp-method': 'tools/list' }]) {
    const refused = await call(analyst, 'cases_post_note', { case_id: 'CASE-1', note: 'x', evidence: [] }, { headers });
    expect(refused.status).toBe(400);
    expect(refused.error).toMatchObject({ code: -32020 });
  }
  const lower = await call(
    analyst,
    'cases_find_owner',
    { case_id: 'CASE-1' },
    { headers: { 'mcp-protocol-version': '2025-11-25' } },
  );
  expect(lower.status).toBe(400);
  expect(await proposals()).toBe(before);
});

test('I4 T42: a task is found by nobody who guesses, and by nobody else who knows', async () => {
  const [who, other] = [await at.somebody(), await at.somebody()];
  const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const note = { case_id: 'CASE-1', note: 'x', evidence: [] };
  const { result: task } = await call(who, 'cases_post_note', note, { capabilities });
  const get = (by: SignedInClient, method: string, taskId: string) =>
    mcpRequest(at.house.url, by.token, method, { taskId }, { capabilities });
  const near = `${task.taskId.slice(0, -1)}${task.taskId.endsWith('0') ? '1' : '0'}`;
  const answers = [
    await get(other, 'tasks/get', task.taskId),
    await get(other, 'tasks/cancel', task.taskId),
    await get(who, 'tasks/get', near),
    await get(who, 'tasks/get', '../../etc'),
    await get(who, 'tasks/get', 'x'.repeat(120)),
  ];
  for (const { error } of answers) expect(error).toMatchObject({ code: -32602, message: 'There is no such task.' });
  expect((await get(who, 'tasks/get', task.taskId)).result).toMatchObject({ status: 'working' });
});

test('I4 D5 T42: a connection in other hands is none, and a new one washes nothing off', async () => {
  const [who, other] = [await at.somebody(), await at.somebody()];
  const mine = await session(who);
  expect((await older(other, { id: 2, method: 'tools/list' }, mine)).status).toBe(404);
  const read = { name: 'cases_find_owner', arguments: { case_id: 'CASE-1' } };
  expect((await older(who, { id: 3, method: 'tools/call', params: read }, mine)).status).toBe(200);
  const declared = { name: 'declare_intent', arguments: { task: 'x', calls: [{ tool: 'cases_keep_note', times: 1 }] } };
  const again = await older(who, { id: 4, method: 'tools/call', params: declared }, await session(who));
  expect(await again.text()).toContain('"code":"conflict"');
  const fresh = await older(other, { id: 5, method: 'tools/call', params: declared }, await session(other));
  expect(await fresh.text()).toContain('"state":"open"');
});

test('B2 I4 T42: a connection keeps no right that the request has not: another credential is another connection', async () => {
  const who = await at.somebody();
  const wish = { label: 'narrow', roles: ['requester'], tools: ['find_owner'], ttl_minutes: 60 };
  const narrow = { ...who, token: (await who.post('/v1/tokens', wish)).body.token as string };
  const mine = await session(who);
  const note = { name: 'cases_post_note', arguments: { case_id: 'CASE-1', note: 'x', evidence: [] } };
  const calls = { id: 2, method: 'tools/call', params: note };
  const before = await proposals();
  expect((await older(narrow, { id: 2, method: 'tools/list' }, mine)).status).toBe(404);
  expect((await older(narrow, calls, mine)).status).toBe(403);
  const many = [
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', ...calls },
  ];
  expect((await older(narrow, many, await session(narrow))).status).toBe(403);
  expect(await proposals()).toBe(before);
  expect((await older(who, { id: 3, method: 'tools/list' }, mine)).status).toBe(200);
});

test('I4 INV1: what a person answered is no argument: a call that brings it along is refused', async () => {
  const who = await at.somebody();
  const before = await proposals();
  const args = { case_id: 'CASE-1', 'mcp-input': { responses: { ask: { action: 'accept' } } } };
  const { result } = await call(who, 'cases_find_owner', args);
  expect(result).toMatchObject({ isError: true, structuredContent: { code: 'bad_input' } });
  expect(JSON.stringify(result)).toContain('mcp-input is no argument');
  const { status, body } = await who.post('/v1/proposals', { tool: 'cases_find_owner', args });
  expect([status, body.code]).toEqual([422, 'bad_input']);
  expect(body.detail).toContain('mcp-input is no argument');
  expect(await proposals()).toBe(before);
});

/** As a client of an older revision speaks, on the connection of that id. */
const older = async (by: SignedInClient, body: object, id?: string) =>
  fetch(`${at.house.url}/mcp`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${by.token}`, 'content-type': 'application/json' },
      accept: 'application/json, text/event-stream',
      ...(id ? { 'mcp-session-id': id } : {}),
    },
    body: JSON.stringify(Array.isArray(body) ? body : { jsonrpc: '2.0', ...body }),
  });
const clientInfo = { name: 'older', version: '1' };
const begin = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
};
const session = async (by: SignedInClient) => (await older(by, begin)).headers.get('mcp-session-id') ?? '';
