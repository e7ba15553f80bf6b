import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIdentity } from '../identity.ts';
import { codeOf } from '../testing/house.ts';
import { memoryIdentityStore } from '../testing/memory.ts';
import { createOidcSignIn } from './sign-in.ts';

const groupsByPerson = new Map<string, unknown>();
let server: Server;
let issuer: string;
let redirectUri: string;

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  redirectUri = `${issuer}/not-the-provider/callback`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'portreeve',
        client_secret: 'a secret of the client',
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [redirectUri],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' }] } as never,
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub', 'groups', 'preferred_username'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id, groups: groupsByPerson.get(id) }) as never,
    }),
    // Our own client: nobody is asked for consent.
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client!.clientId,
        accountId: context.oidc.session!.accountId!,
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const match = /^\/interaction\/[\w-]+\?person=(\w+)$/.exec(request.url ?? '');
    if (!match) {
      callback(request, response);
      return;
    }
    provider
      .interactionFinished(request, response, { login: { accountId: match[1]! } }, { mergeWithLastSubmission: false })
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
});
afterAll(() => new Promise((done) => server.close(done)));

/** A browser as far as a sign-in needs one: it keeps cookies and follows redirects until they leave the provider. */
async function browse(url: string, person: string): Promise<string> {
  const cookies = new Map<string, string>();
  let at = url;
  for (let i = 0; i < 10; i++) {
    if (at.startsWith(redirectUri)) return at;
    if (new URL(at).pathname.startsWith('/interaction/')) at += `?person=${person}`;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${at} answered ${response.status}: ${await response.text()}`);
    at = new URL(location, at).href;
  }
  throw new Error('too many redirects');
}

function house(more: { clientSecret?: string } = {}) {
  const store = memoryIdentityStore();
  const audit = memoryAuditWriter();
  const deps = { store, audit, uow: memoryUnitOfWork(store, audit), clock: systemClock, environment: 'test' as const };
  const oidc = createOidcSignIn({
    ...deps,
    issuer,
    clientId: 'portreeve',
    clientSecret: 'a secret of the client',
    redirectUri,
    roleRules: [{ claim: 'groups', value: 'sec-ops', roles: ['approver'], groups: ['incident-leads'] }],
    fetch: globalThis.fetch,
    ...more,
  });
  return { oidc, identity: createIdentity({ ...deps, allowLocalAccounts: false }), audit };
}

test('B1: a person signs in at a real OpenID provider, and again with other groups', async () => {
  const { oidc, identity, audit } = house();
  groupsByPerson.set('mira', ['sec-ops', 'staff']);
  const begun = await oidc.begin();
  const signed = await oidc.finish(await browse(begun.url, 'mira'), begun.cookie);
  expect(signed.principal).toMatchObject({ kind: 'person', roles: ['approver'], groups: ['incident-leads'] });
  expect(signed.principal.name).toMatch(/^mira\./);
  expect((await identity.authenticate(signed.token)).principal).toEqual(signed.principal);
  expect(audit.types()).toEqual(['identity.account_created', 'identity.signed_in']);

  groupsByPerson.set('mira', ['staff']);
  const again = await oidc.begin();
  expect(await codeOf(oidc.finish(await browse(again.url, 'mira'), again.cookie))).toBe('refused');

  groupsByPerson.set('mira', 'sec-ops');
  const bad = await oidc.begin();
  expect(await codeOf(oidc.finish(await browse(bad.url, 'mira'), bad.cookie))).toBe('not_signed_in');
  expect(audit.of('identity.refused').map(({ data }) => data.reason)).toEqual(['no_role', 'group_claim']);
});

test('B1: a code is good for the browser that began, once, and for our client alone', async () => {
  groupsByPerson.set('ana', ['sec-ops']);
  const { oidc } = house();
  const [begun, other] = [await oidc.begin(), await oidc.begin()];
  const callback = await browse(begun.url, 'ana');
  expect(await codeOf(oidc.finish(callback, other.cookie))).toBe('not_signed_in');
  expect(await codeOf(oidc.finish(callback, begun.cookie))).toBe('not_signed_in');

  // The code of one beginning under the state of another: its code verifier does not fit (PKCE).
  const swapped = new URL(await browse((await oidc.begin()).url, 'ana'));
  swapped.searchParams.set('state', new URL(other.url).searchParams.get('state')!);
  expect(await codeOf(oidc.finish(swapped.href, other.cookie))).toBe('not_signed_in');

  const stranger = house({ clientSecret: 'another secret' }).oidc;
  const theirs = await stranger.begin();
  expect(await codeOf(stranger.finish(await browse(theirs.url, 'ana'), theirs.cookie))).toBe('not_signed_in');
});
