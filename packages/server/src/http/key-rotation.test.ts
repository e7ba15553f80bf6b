import { createPrivateKey } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fixedClock, systemClock } from '@portreeve/contract';
import { ACCESS_TOKEN_TTL_MAX_S, PUBLISHED_KEYS } from '@portreeve/identity';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
  SignJWT,
} from '@portreeve/identity/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { client } from '../testing/client.ts';
import { type TestServer, testServer } from '../testing/server.ts';

/* The server's clock is moved, and the server started again, as an operator would see it over days. */

const HOUR_MS = 3_600_000;
const clock = fixedClock(systemClock.now());
let house: TestServer;
beforeAll(async () => {
  house = await testServer({
    clock,
    config: { identity: { access_tokens: { key_days: 2, key_overlap_hours: 12 }, session_minutes: 1440 } },
  });
});
afterAll(() => house?.close());

const jwks = async () => (await house.anonymous.get<JSONWebKeySet>('/.well-known/jwks.json')).body;
const accessKids = async () => (await jwks()).keys.flatMap(({ kid }) => (kid?.startsWith('at-') ? [kid] : []));

async function accessToken(): Promise<string> {
  const [admin, analyst] = [await house.signIn('admin'), await house.signIn('analyst')];
  const agents = (await admin.get('/v1/agents')).body.agents;
  let id = agents[0]?.id;
  if (!id) {
    id = (
      await admin.post('/v1/agents', {
        name: 'helper',
        owner: admin.principal.id,
        purpose: 'a test',
        roles: ['requester'],
        tools: [],
        data: { confidentiality: 'internal' },
        review_by: new Date(clock.now().getTime() + 300 * 24 * HOUR_MS).toISOString(),
      })
    ).body.id;
    await admin.post(`/v1/agents/${id}/events`, { event: 'activate', reason: 'a test' });
  }
  const own = { account: id, label: 'x', roles: ['requester'], ttl_minutes: 60 };
  const actor_token = (await admin.post('/v1/tokens', own)).body.token;
  const subject_token = (await analyst.post('/v1/delegations', { agent: id, scope: 'role:requester', ttl_s: 900 })).body
    .token;
  const answer = await house.anonymous.call('POST', '/oauth/token', {
    raw: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      actor_token,
      actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.access_token;
}
const verifies = async (token: string): Promise<boolean> =>
  jwtVerify(token, createLocalJWKSet(await jwks()), { typ: 'at+jwt', currentDate: clock.now() }).then(
    () => true,
    () => false,
  );
const status = async (token: string) => (await client(() => house.url, token).get('/v1/session')).status;

test('B4: the key is replaced with overlap: published before it signs, and verifying until its last token has expired', async () => {
  const [first] = await accessKids();
  expect(await accessKids()).toEqual([first]);
  // The grant key is still there beside it.
  expect((await jwks()).keys).toHaveLength(2);
  const old = await accessToken();
  expect(decodeProtectedHeader(old).kid).toBe(first);
  expect([await verifies(old), await status(old)]).toEqual([true, 200]);

  clock.advance(37 * HOUR_MS);
  await house.restart();
  const both = await accessKids();
  expect(both).toHaveLength(2);
  expect(both[0]).toBe(first);
  const still = await accessToken();
  expect(decodeProtectedHeader(still).kid).toBe(first);

  clock.advance(11 * HOUR_MS - 60_000);
  const last = await accessToken();
  expect(decodeProtectedHeader(last).kid).toBe(first);
  clock.advance(2 * 60_000);
  const next = await accessToken();
  expect(decodeProtectedHeader(next).kid).toBe(both[1]);
  for (const token of [last, next]) expect([await verifies(token), await status(token)]).toEqual([true, 200]);

  clock.advance(HOUR_MS);
  await house.restart();
  expect(await accessKids()).toEqual([both[1]]);
  expect(await status(last)).toBe(401);
  const { records } = await house.server.services.audit.search({ type: 'key.created', limit: 20 });
  const made = records.map(({ payload }) => payload?.data).filter((data) => data?.purpose === 'access-token');
  expect(made.map((data) => data?.key_id).sort()).toEqual([...both].sort());
});

test('B4: where the key is lost a new one is made; what the old one has signed is good until it expires, and nothing later', async () => {
  const token = await accessToken();
  const file = join(house.stateFolder, 'keys', 'access-tokens.json');
  const kept = JSON.parse(await readFile(file, 'utf8')).find(
    ({ kid }: { kid: string }) => kid === decodeProtectedHeader(token).kid,
  );
  await rm(file);
  await house.restart();
  expect(await status(token)).toBe(200);
  const fresh = await accessToken();
  expect(decodeProtectedHeader(fresh).kid).not.toBe(kept.kid);
  expect(await status(fresh)).toBe(200);
  expect(await accessKids()).toEqual([decodeProtectedHeader(fresh).kid, kept.kid]);
  // Who has found the lost key, when its process has long said nothing of it.
  clock.advance((PUBLISHED_KEYS.lease_s + ACCESS_TOKEN_TTL_MAX_S) * 1000);
  const iat = Math.floor(clock.now().getTime() / 1000);
  const claims = { ...decodeJwt(token), iat, nbf: iat, exp: iat + 300 };
  const forged = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: kept.kid })
    .sign(createPrivateKey(kept.pem));
  expect(await status(forged)).toBe(401);
  expect(await status(await accessToken())).toBe(200);
  expect(await accessKids()).toEqual([decodeProtectedHeader(fresh).kid]);
});
