import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AGENT_TOOLSET, mcpRequest, type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { mcpUpstream, type UpstreamServer, upstreamConfig } from '../support/mcp-upstream.ts';

/*
 * An upstream with per-user tokens by token exchange (RFC 8693). The authorization server is local, and looks at every
 * parameter: what it does not expect it refuses.
 */

const CLIENT = { id: 'portreeve gateway', secret: 'p+ss:w/rd of the client' };
const AUDIENCE = 'https://tracker.example/api';
const SCOPE = 'issues:read issues:write';

interface Exchange {
  readonly sub: string;
  readonly subject_token: string;
}
let house: TestServer;
let tracker: UpstreamServer;
let tokens: Server;
let tokensUrl: string;
let exchanges: Exchange[];
/** What the endpoint answers to a request that is right. */
let answer: (exchange: Exchange) => { status: number; body: object | string };
const granted = (access_token: string, expires_in?: number) => ({
  status: 200,
  body: {
    access_token,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    ...(expires_in === undefined ? {} : { expires_in }),
  },
});

beforeAll(async () => {
  tracker = await mcpUpstream();
  tracker.tools = [
    {
      ...{ name: 'list_issues', description: 'Lists issues' },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
  ];
  tokens = createServer((request, response) => {
    exchangeOf(request)
      .then(answer, (error: Error) => ({
        status: 400,
        body: { error: 'invalid_request', error_description: error.message },
      }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
  });
  await new Promise<void>((listening) => tokens.listen(0, '127.0.0.1', listening));
  tokensUrl = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}`;
  const exchange = {
    token_endpoint: 'system://tokens/token',
    ...{ audience: AUDIENCE, resource: `${AUDIENCE}/issues`, scope: SCOPE },
    ...{ client_id: CLIENT.id, client_secret: 'tracker-client' },
  };
  const { upstream, system } = upstreamConfig('tracker', tracker.url, {
    ...{ approvers: AGENT_TOOLSET.approvers, credentials: { exchange } },
  });
  house = await testServer({
    secrets: { 'tracker-client': CLIENT.secret },
    config: {
      mcp: { upstreams: [upstream] },
      systems: { ...system, tokens: { url: tokensUrl, private: true } },
    } as never,
  });
  const operator = await house.as('operator');
  await house.server.services.mcp.gateway.refresh('tracker');
  for (const { tool, definition } of (await operator.get('/v1/definitions')).body.definitions)
    await operator.post('/v1/definitions/verdicts', {
      ...{ upstream: 'tracker', tool, definition, verdict: 'approved', reason: 'looked at' },
    });
});
afterAll(async () => {
  await house?.close();
  await tracker?.close();
  tokens?.closeAllConnections();
  tokens?.close();
});
beforeEach(() => {
  exchanges = [];
  tracker.credentials.length = 0;
  tracker.calls.length = 0;
  answer = ({ sub }) => granted(`token-of-${sub}-${exchanges.length}`, 3600);
});

/** Takes a request apart, and throws where a single thing in it is not as it must be. */
async function exchangeOf(request: IncomingMessage): Promise<Exchange> {
  const must = (holds: unknown, what: string): void => {
    if (!holds) throw new Error(what);
  };
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  must(request.method === 'POST' && request.url === '/token', 'the address');
  must(request.headers['content-type'] === 'application/x-www-form-urlencoded', 'the type of the body');
  const [scheme, basic = ''] = (request.headers.authorization ?? '').split(' ');
  const [id, secret] = Buffer.from(basic, 'base64')
    .toString('utf8')
    .split(':')
    .map((part) => new URLSearchParams(`x=${part}`).get('x'));
  must(scheme === 'Basic' && id === CLIENT.id && secret === CLIENT.secret, 'the client');
  const { subject_token = '', ...rest } = Object.fromEntries(new URLSearchParams(text));
  must([...new URLSearchParams(text).keys()].length === Object.keys(rest).length + 1, 'a parameter twice');
  expect(rest).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    ...{ audience: AUDIENCE, resource: `${AUDIENCE}/issues`, scope: SCOPE },
  });
  const { payload } = await jwtVerify(
    subject_token,
    createRemoteJWKSet(new URL(`${house.url}/.well-known/jwks.json`)),
    {
      ...{ typ: 'portreeve-subject+jwt', algorithms: ['EdDSA'], audience: `${tokensUrl}/token` },
      issuer: house.server.services.accessTokens.issuer,
      ...{ maxTokenAge: 60, requiredClaims: ['exp', 'iat', 'jti', 'sub', 'preferred_username'] },
    },
  );
  must(payload.exp! - payload.iat! === 60, 'a statement for a minute');
  const exchange = { sub: payload.sub!, subject_token };
  exchanges.push(exchange);
  return exchange;
}

let people = 0;
const somebody = (): Promise<SignedInClient> => house.addAccount(`exchanging-${++people}`, ['requester']);
const list = async (by: SignedInClient) =>
  (await mcpRequest(house.url, by.token, 'tools/call', { name: 'tracker_list_issues', arguments: {} })).result;
/** With what the upstream was called, its lists apart. */
const bearers = () => [...new Set(tracker.credentials.filter((each) => each !== undefined))];

test('B4: each caller’s own token goes upstream, by an exchange in which every parameter is right; ours never do', async () => {
  const [one, other] = [await somebody(), await somebody()];
  expect(await list(one)).toMatchObject({ content: [{ text: 'done' }] });
  expect(bearers()).toEqual([`Bearer token-of-${one.principal.id}-1`]);
  expect(await list(other)).toMatchObject({ content: [{ text: 'done' }] });
  expect(bearers()).toEqual([`Bearer token-of-${one.principal.id}-1`, `Bearer token-of-${other.principal.id}-2`]);
  expect(exchanges.map(({ sub }) => sub)).toEqual([one.principal.id, other.principal.id]);
  for (const { subject_token } of exchanges) {
    expect(tracker.credentials.join(' ')).not.toContain(subject_token);
    // What we said of a person to another is good for nothing here.
    const { status } = await mcpRequest(house.url, subject_token, 'tools/list', {});
    expect(status).toBe(401);
  }
  expect(tracker.credentials.join(' ')).not.toContain(one.token);
});

test('B4: a token is kept for the calls of its person alone, and no longer than it lives', async () => {
  const who = await somebody();
  await Promise.all([list(who), list(who), list(who)]);
  await list(who);
  expect(exchanges).toHaveLength(1);
  const brief = await somebody();
  answer = ({ sub }) => granted(`brief-${sub}-${exchanges.length}`, 20);
  await list(brief);
  await list(brief);
  expect(exchanges).toHaveLength(3);
  answer = ({ sub }) => granted(`endless-${sub}-${exchanges.length}`);
  const endless = await somebody();
  await list(endless);
  await list(endless);
  expect(exchanges).toHaveLength(5);
});

test.each([
  [
    'a refusal',
    () => ({ status: 400, body: { error: 'invalid_target', error_description: 'SECRET-TEXT' } }),
    'it was refused with invalid_target',
  ],
  ['an error of its own', () => ({ status: 400, body: { error: 'SECRET-TEXT' } }), 'it was refused with status 400'],
  ['a failure', () => ({ status: 503, body: 'SECRET-TEXT' }), 'it was refused with status 503'],
  ['a redirect', () => ({ status: 302, body: 'SECRET-TEXT' }), 'the store cannot be reached'],
  ['no JSON', () => ({ status: 200, body: 'SECRET-TEXT' }), 'the answer is no JSON'],
  [
    'another type of token',
    () => ({ status: 200, body: { ...granted('SECRET-TEXT').body, token_type: 'DPoP' } }),
    'the answer is none of RFC 8693',
  ],
  ['a token with a line break', () => granted('SECRET-TEXT\r\nx: y', 60), 'the answer is none of RFC 8693'],
  ['what was shown to it', (shown: Exchange) => granted(shown.subject_token, 60), 'it gave back what was shown to it'],
])(
  'B4: %s is a clear refusal: nothing is sent upstream, and no text of the answer is passed on',
  async (_what, given, why) => {
    const who = await somebody();
    answer = given;
    const result = await list(who);
    expect(result).toMatchObject({ isError: true, structuredContent: { status: 'failed' } });
    expect(result.content[0].text).toContain(`Nothing was done: the token exchange for tracker: ${why}`);
    expect(JSON.stringify(result)).not.toContain('SECRET-TEXT');
    expect(tracker.calls).toEqual([]);
  },
);

test('F7: neither tokens nor what was said of people stand in a log or a record', async () => {
  const who = await somebody();
  await list(who);
  const auditor = await house.as('auditor');
  const { records } = (await auditor.get('/v1/audit/records?limit=500')).body;
  const written = `${JSON.stringify(records)}${await readFile(join(house.stateFolder, 'server.log'), 'utf8')}`;
  expect(written).toContain(who.principal.id);
  for (const secret of [`token-of-${who.principal.id}`, exchanges[0]!.subject_token, CLIENT.secret, who.token])
    expect(written).not.toContain(secret);
});
