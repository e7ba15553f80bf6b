import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWTPayload, SignJWT } from '@portreeve/identity/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { client } from '../testing/client.ts';
import { type SignedInClient, type TestServer, testServer } from '../testing/server.ts';

/* Workloads with tokens of an issuer that we reach over HTTP, through the guard that the configuration makes. */

const AUDIENCE = 'https://portreeve.example';
const keysByKid = new Map<string, KeyObject>();
let published: string[];
let issuerServer: Server;
let issuer: string;
let asked: string[];
let house: TestServer;
let admin: SignedInClient;

const listen = (server: Server): Promise<string> =>
  new Promise((done) =>
    server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );

beforeAll(async () => {
  asked = [];
  issuerServer = createServer((request, response) => {
    asked.push(request.url ?? '');
    const json = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.url === '/.well-known/openid-configuration') json({ issuer, jwks_uri: `${issuer}/keys` });
    else if (request.url === '/keys') json({ keys: published.map(jwk) });
    // A trust domain whose address answers with another.
    else if (request.url === '/moved') response.writeHead(302, { location: '/keys' }).end();
    else response.writeHead(404).end();
  });
  issuer = await listen(issuerServer);
  addKey('one');
  published = ['one'];
  house = await testServer({
    config: {
      identity: {
        workload: {
          spiffe_audience: AUDIENCE,
          trust_domains: {
            'prod.example': { jwks_uri: `${issuer}/keys` },
            'moved.example': { jwks_uri: `${issuer}/moved` },
          },
          rules: [
            {
              kind: 'oidc',
              name: 'ci-deploy',
              account: 'ci',
              environment: 'test',
              issuer,
              audience: AUDIENCE,
              conditions: [{ claim: 'sub', equals: 'repo:acme/app:ref:main' }],
            },
            {
              kind: 'oidc',
              name: 'ci-production',
              account: 'ci',
              environment: 'production',
              issuer,
              audience: AUDIENCE,
              conditions: [{ claim: 'sub', equals: 'repo:acme/app:ref:release' }],
            },
            ...['prod.example', 'moved.example'].map((trust_domain, index) => ({
              kind: 'spiffe' as const,
              name: `mesh-${index}`,
              account: 'ci',
              environment: 'test' as const,
              trust_domain,
              path: { prefix: '/ns/jobs/' },
            })),
          ],
        },
      },
    },
  });
  admin = await house.as('admin');
  await admin.post('/v1/accounts', { name: 'ci', kind: 'service', roles: ['requester'], groups: [] });
});
afterAll(async () => {
  await house?.close();
  await new Promise((done) => issuerServer.close(done));
});
beforeEach(() => {
  asked = [];
});

function addKey(kid: string): void {
  keysByKid.set(kid, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}
function jwk(kid: string) {
  const { d: _, ...key } = keysByKid.get(kid)!.export({ format: 'jwk' });
  return { ...key, kid, use: 'sig', alg: 'ES256' };
}
async function token(claims: JWTPayload = {}, kid = 'one'): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: issuer,
    sub: 'repo:acme/app:ref:main',
    aud: AUDIENCE,
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .sign(keysByKid.get(kid)!);
}
const call = async (claims?: JWTPayload, kid?: string) =>
  client(() => house.url, await token(claims, kid)).get('/v1/session');
const reason = async () => {
  const { records } = await house.server.services.audit.search({ type: 'identity.refused', order: 'newest', limit: 1 });
  return records[0]?.payload?.data;
};

test('B3: a workload signs in with its issuer’s token, and works', async () => {
  const job = client(() => house.url, await token());
  const { status, body } = await job.get('/v1/session');
  expect(status).toBe(200);
  expect(body).toMatchObject({ via: 'workload', principal: { kind: 'service', name: 'ci', roles: ['requester'] } });
  const run = await house.submit({ case_id: 'CASE-1', publish: false }, job);
  expect((await house.ended(run.id)).state).toBe('completed');
  const { records } = await house.server.services.audit.search({ type: 'identity.workload_signed_in', limit: 10 });
  expect(records[0]?.payload?.data).toMatchObject({ rule: 'ci-deploy', issuer });
});

test('B3: so does one with a JWT-SVID of a trust domain', async () => {
  expect((await call({ sub: 'spiffe://prod.example/ns/jobs/nightly' })).body).toMatchObject({ via: 'workload' });
  expect((await call({ sub: 'spiffe://prod.example/ns/other' })).status).toBe(401);
  expect((await call({ sub: 'spiffe://elsewhere.example/ns/jobs/nightly' })).status).toBe(401);
  // Its keys are behind a redirect, which is not followed.
  asked = [];
  expect((await call({ sub: 'spiffe://moved.example/ns/jobs/nightly' })).status).toBe(401);
  expect(asked).toEqual(['/moved']);
});

test('B3 B6: another subject, audience, issuer or environment is refused, and nobody is told why', async () => {
  const cases: [JWTPayload, string][] = [
    [{ sub: 'repo:acme/app-evil:ref:main' }, 'no_rule'],
    [{ sub: 'repo:acme/app:ref:release' }, 'environment'],
    [{ aud: 'https://other.example' }, 'audience'],
    [{ aud: [AUDIENCE, 'https://other.example'] }, 'audience'],
    [{ iss: 'https://other.example' }, 'issuer'],
    [{ exp: Math.floor(Date.now() / 1000) - 60 }, 'expired'],
    [{ exp: Math.floor(Date.now() / 1000) + 100 * 3600 }, 'too_long_lived'],
  ];
  for (const [claims, expected] of cases) {
    const { status, body } = await call(claims);
    expect([status, body.code, body.detail]).toEqual([
      401,
      'not_signed_in',
      'The session or token is not valid, or no longer.',
    ]);
    expect(await reason()).toMatchObject({ way: 'workload', reason: expected });
  }
});

test('B3: a key that the issuer has not published opens nothing, and a stream of them asks it no more than once', async () => {
  addKey('stranger');
  for (let n = 0; n < 5; n++) expect((await call({}, 'stranger')).status).toBe(401);
  expect(await reason()).toMatchObject({ reason: 'key_unknown' });
  expect(asked.filter((path) => path === '/keys').length).toBeLessThanOrEqual(1);
});
