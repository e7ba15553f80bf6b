import { digestOf, type JsonObject, type OpenApiBinding, systemClock } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { connectorContract } from '../../testing/connector-contract.ts';
import { executeFixture, testContract } from '../../testing/fixture.ts';
import { httpDownstream } from '../../testing/http-downstream.ts';
import { proofClaims } from '../../testing/proof.ts';
import { openApiConnector } from './openapi-connector.ts';
import { openApiRequest } from './openapi-request.ts';

const DOCUMENT: JsonObject = { openapi: '3.1.0', info: { title: 'Cases', version: '1' }, paths: {} };

const binding = (origin: string, change: Partial<OpenApiBinding> = {}): OpenApiBinding => ({
  connector: 'openapi',
  operation: 'publishSummary',
  spec: digestOf(DOCUMENT),
  spec_url: `${origin}/openapi.json`,
  method: 'POST',
  url: `${origin}/cases/{id}/summary`,
  parameters: [
    { argument: 'case_id', name: 'id', in: 'path' },
    { argument: 'tags', name: 'tag', in: 'query' },
    { argument: 'reason', name: 'X-Reason', in: 'header' },
  ],
  body: 'body',
  credential: 'case-token',
  credential_header: 'x-api-key',
  ...change,
});

const contractFor = (origin: string, timeout_ms: number, change: Partial<OpenApiBinding> = {}) =>
  testContract({ timeout_ms, args: { type: 'object' }, binding: binding(origin, change) });

const downstream = (served: unknown = DOCUMENT) =>
  httpDownstream({
    connector: ({ host, ports }) =>
      openApiConnector({
        egress: createEgress({ allow: ports.map((port) => ({ host, port, private: true })) }),
        clock: systemClock,
      }),
    contract: (origin, timeout_ms) => contractFor(origin, timeout_ms),
    reads: (origin, timeout_ms) => ({
      ...contractFor(origin, timeout_ms, {
        operation: 'previewSummary',
        url: `${origin}/cases/{id}/summary/preview`,
      }),
      ...{ name: 'show_case_summary', effect: 'read' },
    }),
    secrets: { 'case-token': 'credential-for-one-call' },
    args: () => ({ case_id: 'a/b', tags: ['x y', 'z&'], reason: 'asked', body: { summary: 'All is well.' } }),
    result: { published: true },
    at: /POST [\s\S]*\r\n\r\n/,
    keyOf: ({ method, url, headers }) =>
      method === 'POST' && !url.includes('/preview') ? (headers['idempotency-key'] as string) : undefined,
    respond({ url }, response) {
      if (url !== '/openapi.json') return false;
      response.setHeader('content-type', 'application/json');
      response.end(typeof served === 'string' ? served : JSON.stringify(served));
      return true;
    },
  });

connectorContract('openapi', () => downstream());

describe('F8: OpenAPI', () => {
  const call = async (served: unknown) => {
    const place = await downstream(served);
    try {
      const fixture = executeFixture({ secrets: place.secrets });
      const contract = await place.contract(5_000);
      const input = fixture.input(contract, { args: place.args() });
      const { token } = await fixture.grant(input);
      const { outcome } = await fixture
        .executor(place.connector)
        .execute({ token, proposal: input.proposal, contract });
      return { outcome, received: [...place.received] };
    } finally {
      await place.close();
    }
  };

  test('each argument travels where the operation says', async () => {
    const { received } = await call(DOCUMENT);
    const post = received.find(({ method }) => method === 'POST');
    expect(post).toMatchObject({ url: '/cases/a%2Fb/summary?tag=x+y&tag=z%26', body: '{"summary":"All is well."}' });
    expect(post!.headers).toMatchObject({ 'x-reason': 'asked', 'x-api-key': 'credential-for-one-call' });
    expect(post!.headers.authorization).toBeUndefined();
    // RFC 9449: the address counts without its query.
    expect(proofClaims(post!.headers)).toMatchObject({
      htm: 'POST',
      htu: expect.stringMatching(/^http:.*\/cases\/a%2Fb\/summary$/),
    });
    // The document is read without grant, proof and credential.
    const get = received.find(({ method }) => method === 'GET');
    expect(get!.headers['x-api-key'] ?? get!.headers['portreeve-grant'] ?? get!.headers.dpop).toBeUndefined();
  });

  test('a document that has changed stops the call; both digests are named', async () => {
    const other = { ...DOCUMENT, info: { title: 'Cases', version: '2' } };
    const { outcome, received } = await call(other);
    expect(outcome).toMatchObject({
      state: 'failed',
      reason: `the document of the operation has changed: ${digestOf(DOCUMENT)} is pinned, ${digestOf(other)} is served`,
    });
    expect(received.map(({ method }) => method)).toEqual(['GET']);
  });

  test('the same document in another layout is the same', async () => {
    const { info, ...rest } = DOCUMENT;
    expect((await call(JSON.stringify({ info, ...rest }, null, 3))).outcome).toMatchObject({ state: 'succeeded' });
  });

  test('a document that is no JSON stops the call', async () => {
    expect((await call('openapi: 3.1.0')).outcome).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('not usable JSON'),
    });
  });

  test.each<[string, JsonObject, Partial<OpenApiBinding>]>([
    ['an argument without a place', { case_id: '1', more: 1 }, {}],
    ['an object as a parameter', { case_id: { a: 1 } }, {}],
    ['a path that walks', { case_id: '..' }, {}],
    ['a missing path parameter', {}, {}],
    ['a line in a header', { case_id: '1', reason: 'a\r\nx: y' }, {}],
    [
      'a header that carries authority',
      { case_id: '1', reason: 'x' },
      {
        parameters: [
          { argument: 'case_id', name: 'id', in: 'path' },
          { argument: 'reason', name: 'Authorization', in: 'header' },
        ],
      },
    ],
    [
      'the header of the grant',
      { case_id: '1', reason: 'x' },
      {
        parameters: [
          { argument: 'case_id', name: 'id', in: 'path' },
          { argument: 'reason', name: 'Portreeve-Grant', in: 'header' },
        ],
      },
    ],
    [
      'the header of the proof',
      { case_id: '1', reason: 'x' },
      {
        parameters: [
          { argument: 'case_id', name: 'id', in: 'path' },
          { argument: 'reason', name: 'DPoP', in: 'header' },
        ],
      },
    ],
  ])('not sendable: %s', (_, args, change) => {
    const request = { token: 't', idempotency_key: 'k', args };
    expect(() => openApiRequest(request, binding('https://a.test', change), null)).toThrow();
  });
});
