import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entraFederationSchema, fixedClock } from '@portreeve/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TokenSource } from '../endpoint/token.ts';
import { startTokenServer } from '../testing/token-server.ts';
import { anthropicFederation, entraFederation, googleFederation, jwtBearer } from './federation.ts';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
const clock = fixedClock('2026-11-20T08:00:00Z');

let folder: string;
let token_file: string;
const open: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-federation-'));
  token_file = join(folder, 'token');
  await writeFile(token_file, `${JWT}\n`);
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});
async function given(...answers: { status: number; body: unknown }[]) {
  const server = await startTokenServer(answers);
  open.push(server.close);
  return server;
}
const ok = (access_token: string) => ({ status: 200, body: { access_token, expires_in: 3600, token_type: 'Bearer' } });
const server = { fetch, clock };
const failure = (source: TokenSource) => source.get().catch((error: unknown) => error);

test('E9: Anthropic: the jwt-bearer grant with rule, organisation and workspace, in JSON', async () => {
  const { url, asked } = await given(ok('sk-ant-oat-1'));
  const config = {
    token_file,
    rule: 'fdrl_1',
    organization: 'org_1',
    service_account: 'svac_1',
    workspace: 'wrkspc_1',
  };
  expect(await anthropicFederation(server, config, url).get()).toBe('sk-ant-oat-1');
  expect(asked).toMatchObject([
    {
      path: '/v1/oauth/token',
      headers: { 'anthropic-beta': 'oauth-2025-04-20,oidc-federation-2026-04-01' },
      body: {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: JWT,
        federation_rule_id: 'fdrl_1',
        organization_id: 'org_1',
        service_account_id: 'svac_1',
        workspace_id: 'wrkspc_1',
      },
    },
  ]);
});

test('E9: Google: token exchange, then the token of the service account', async () => {
  const { url, asked } = await given(ok('federated'), {
    status: 200,
    body: { accessToken: 'ya29.impersonated', expireTime: '2026-11-20T09:00:00Z' },
  });
  const source = googleFederation(server, {
    ...{ token_file, audience: '//iam.googleapis.com/projects/1/x', service_account: 'models@acme.example' },
    ...{ token_url: `${url}/v1/token`, impersonation_url: `${url}/v1` },
  });
  expect(await source.get()).toBe('ya29.impersonated');
  expect(asked[0]?.body).toMatchObject({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: JWT,
    audience: '//iam.googleapis.com/projects/1/x',
  });
  expect(asked[1]).toMatchObject({
    path: '/v1/projects/-/serviceAccounts/models@acme.example:generateAccessToken',
    headers: { authorization: 'Bearer federated' },
  });
});

test('E9: Microsoft Entra: client credentials with the assertion of the client', async () => {
  const { url, asked } = await given(ok('eyJ.entra'));
  const config = entraFederationSchema.parse({
    ...{ token_file, tenant: 'acme.onmicrosoft.com', authority: url },
    client_id: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
  });
  expect(await entraFederation(server, config).get()).toBe('eyJ.entra');
  expect(asked[0]).toMatchObject({
    path: '/acme.onmicrosoft.com/oauth2/v2.0/token',
    body: {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: JWT,
      scope: 'https://ai.azure.com/.default',
    },
  });
});

test('E9: any server: the jwt-bearer grant of RFC 7523 as a form; the file is read anew for each exchange', async () => {
  const { url, asked } = await given(ok('t-1'), ok('t-2'));
  const source = jwtBearer(server, { token_file, token_url: `${url}/token`, scope: 'models' });
  expect(await source.get()).toBe('t-1');
  expect(asked[0]?.body).toEqual({
    ...{ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: JWT, scope: 'models' },
  });
  await writeFile(token_file, 'eyJ.renewed.token');
  source.rejected('t-1');
  expect(await source.get()).toBe('t-2');
  expect(asked[1]?.body.assertion).toBe('eyJ.renewed.token');
});

test('E9: a refusal names the OAuth code, quotes nothing else, and is permanent; an outage passes', async () => {
  const { url } = await given(
    { status: 400, body: { error: 'invalid_grant', error_description: `the assertion ${JWT} is expired` } },
    { status: 503, body: 'down' },
    { status: 200, body: { access_token: 'a b', expires_in: 3600 } },
    { status: 200, body: 'x'.repeat(100_000) },
  );
  const source = jwtBearer(server, { token_file, token_url: `${url}/token` });
  expect(await failure(source)).toMatchObject({
    ...{ kind: 'credential', transient: false, message: 'no token: 127.0.0.1 answered 400 invalid_grant' },
  });
  expect(await failure(source)).toMatchObject({ transient: true, message: 'no token: 127.0.0.1 answered 503' });
  expect(await failure(source)).toMatchObject({
    transient: true,
    message: 'no token: 127.0.0.1 answered without a token',
  });
  expect(await failure(source)).toMatchObject({ transient: true, message: 'no token: 127.0.0.1 gave no answer' });
});

test('E9: without an identity token nothing is asked', async () => {
  const { url, asked } = await given(ok('t'));
  for (const [text, said] of [
    ['', 'holds no JWT'],
    ['not a token', 'holds no JWT'],
    [`${JWT}${'x'.repeat(20_000)}`, 'holds no JWT'],
  ] as const) {
    await writeFile(token_file, text);
    const error = await failure(jwtBearer(server, { token_file, token_url: `${url}/token` }));
    expect(error).toMatchObject({ kind: 'credential', message: expect.stringContaining(said) });
  }
  const gone = jwtBearer(server, { token_file: join(folder, 'none'), token_url: `${url}/token` });
  expect(await failure(gone)).toMatchObject({ message: expect.stringContaining('cannot be read') });
  expect(asked).toEqual([]);
});
