import { isPortreeveError, systemClock } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { createIdentity, createOidcSignIn } from '@portreeve/identity';
import { memoryIdentityStore } from '@portreeve/identity/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIENT, type OpenIdProvider, startOpenIdProvider } from '../testing/openid-provider.ts';

/* The stage alone, on a store in memory, at a real OpenID provider; `oidc.test.ts` has the whole way through HTTP. */

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}

const redirectUri = 'http://127.0.0.1:9/callback';
let provider: OpenIdProvider;
beforeAll(async () => {
  provider = await startOpenIdProvider(redirectUri);
});
afterAll(() => provider?.close());

function house(more: { clientSecret?: string } = {}) {
  const store = memoryIdentityStore();
  const audit = memoryAuditWriter();
  const deps = { store, audit, uow: memoryUnitOfWork(store, audit), clock: systemClock, environment: 'test' as const };
  const oidc = createOidcSignIn({
    ...deps,
    issuer: provider.issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    redirectUri,
    roleRules: [{ claim: 'groups', value: 'sec-ops', roles: ['approver'], groups: ['incident-leads'] }],
    fetch: globalThis.fetch,
    ...more,
  });
  return { oidc, identity: createIdentity({ ...deps, allowLocalAccounts: false }), audit };
}

test('B1: a person signs in at a real OpenID provider, and again with other groups', async () => {
  const { oidc, identity, audit } = house();
  provider.groupsByPerson.set('mira', ['sec-ops', 'staff']);
  const begun = await oidc.begin();
  const signed = await oidc.finish(await provider.browse(begun.url, 'mira'), begun.cookie);
  expect(signed.principal).toMatchObject({ kind: 'person', roles: ['approver'], groups: ['incident-leads'] });
  expect(signed.principal.name).toMatch(/^mira\./);
  expect((await identity.authenticate(signed.token)).principal).toEqual(signed.principal);
  expect(audit.types()).toEqual(['identity.account_created', 'identity.signed_in']);

  provider.groupsByPerson.set('mira', ['staff']);
  const again = await oidc.begin();
  expect(await codeOf(oidc.finish(await provider.browse(again.url, 'mira'), again.cookie))).toBe('refused');

  provider.groupsByPerson.set('mira', 'sec-ops');
  const bad = await oidc.begin();
  expect(await codeOf(oidc.finish(await provider.browse(bad.url, 'mira'), bad.cookie))).toBe('not_signed_in');
  expect(audit.of('identity.refused').map(({ data }) => data.reason)).toEqual(['no_role', 'group_claim']);
});

test('B1: a code is good for the browser that began, once, and for our client alone', async () => {
  provider.groupsByPerson.set('ana', ['sec-ops']);
  const { oidc } = house();
  const [begun, other] = [await oidc.begin(), await oidc.begin()];
  const callback = await provider.browse(begun.url, 'ana');
  expect(await codeOf(oidc.finish(callback, other.cookie))).toBe('not_signed_in');
  expect(await codeOf(oidc.finish(callback, begun.cookie))).toBe('not_signed_in');

  // The code of one beginning under the state of another: its code verifier does not fit (PKCE).
  const swapped = new URL(await provider.browse((await oidc.begin()).url, 'ana'));
  swapped.searchParams.set('state', new URL(other.url).searchParams.get('state')!);
  expect(await codeOf(oidc.finish(swapped.href, other.cookie))).toBe('not_signed_in');

  const stranger = house({ clientSecret: 'another secret' }).oidc;
  const theirs = await stranger.begin();
  expect(await codeOf(stranger.finish(await provider.browse(theirs.url, 'ana'), theirs.cookie))).toBe('not_signed_in');
});
