import { createHash } from 'node:crypto';
import type { RoleRule } from '@portreeve/contract';
import type { JWTPayload } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { codeOf, identityHouse } from '../testing/house.ts';
import { type FakeIssuer, fakeIssuer } from '../testing/issuer.ts';
import { rightsFromClaims } from './role-rules.ts';
import { createOidcSignIn, type OidcSignIn, type OidcSignInOptions } from './sign-in.ts';

const REDIRECT = 'https://portreeve.example/v1/sign-in/callback';
const RULES: RoleRule[] = [
  { claim: 'groups', value: 'sec-ops', roles: ['approver'], groups: ['incident-leads'] },
  { claim: 'groups', value: 'staff', roles: ['requester'] },
  { claim: 'entitlements', value: 'auditor', roles: ['auditor'] },
];
const PERSON = {
  sub: 'subject-1',
  preferred_username: 'Ána.Müller@acme.example',
  groups: ['sec-ops', 'staff', 'other'],
};

let house: ReturnType<typeof identityHouse>;
let issuer: FakeIssuer;
let oidc: OidcSignIn;

const build = (more: Partial<OidcSignInOptions> = {}) =>
  createOidcSignIn({
    issuer: issuer.issuer,
    clientId: 'portreeve',
    clientSecret: 'a secret of the client',
    redirectUri: REDIRECT,
    roleRules: RULES,
    environment: 'development',
    fetch: issuer.fetch,
    clock: house.clock,
    store: house.store,
    uow: house.uow,
    audit: house.audit,
    id_token_alg: 'ES256',
    timeout_ms: 10_000,
    ...more,
  });

beforeEach(() => {
  house = identityHouse();
  issuer = fakeIssuer(house.clock);
  oidc = build();
});

/** The whole way, with the answers that a test wants changed. */
async function signIn(
  change: {
    claims?: JWTPayload | Record<string, unknown>;
    sign?: Parameters<FakeIssuer['sign']>[1];
    callback?: (parameters: URLSearchParams) => void;
    cookie?: string;
    wait_ms?: number;
    by?: OidcSignIn;
  } = {},
) {
  const by = change.by ?? oidc;
  const begun = await by.begin();
  const asked = new URL(begun.url).searchParams;
  const exchanges: URLSearchParams[] = [];
  issuer.answers.set('/token', async (_url, init) => {
    exchanges.push(new URLSearchParams(String(init?.body)));
    const id_token = await issuer.sign(
      { aud: 'portreeve', nonce: asked.get('nonce')!, ...PERSON, ...change.claims } as JWTPayload,
      change.sign,
    );
    return Response.json({ access_token: 'opaque', token_type: 'Bearer', id_token });
  });
  house.clock.advance(change.wait_ms ?? 0);
  const parameters = new URLSearchParams({ code: 'a-code', state: asked.get('state')!, iss: issuer.issuer });
  change.callback?.(parameters);
  const url = `${REDIRECT}?${parameters}`;
  return { begun, asked, exchanges, url, finish: () => by.finish(url, change.cookie ?? begun.cookie) };
}
const entered = async (change: Parameters<typeof signIn>[0] = {}) => (await signIn(change)).finish();
async function refusal(change: Parameters<typeof signIn>[0]): Promise<string> {
  const before = house.refusals().length;
  const { finish } = await signIn(change);
  expect(await codeOf(finish())).toBe('not_signed_in');
  expect(house.audit.of('identity.signed_in')).toEqual([]);
  return house.refusals().slice(before).join();
}

describe('B1: sign-in by OpenID Connect', () => {
  test('B1: begins with PKCE, state and nonce, and keeps only hashes of what the browser holds', async () => {
    const { begun, asked, exchanges, finish } = await signIn();
    expect(Object.fromEntries(asked)).toMatchObject({
      client_id: 'portreeve',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid profile',
      code_challenge_method: 'S256',
    });
    expect(asked.get('nonce')).toMatch(/^[\w-]{43}$/);
    expect(begun.expires_at).toBe('2026-11-02T09:10:00.000Z');
    await finish();
    const [exchange] = exchanges;
    expect(exchange?.get('redirect_uri')).toBe(REDIRECT);
    expect(createHash('sha256').update(exchange!.get('code_verifier')!).digest('base64url')).toBe(
      asked.get('code_challenge'),
    );
  });

  test('B1: an account is made at the first sign-in, and a session that is like any other', async () => {
    const signed = await entered();
    expect(signed).toMatchObject({
      principal: { kind: 'person', roles: ['requester', 'approver'], groups: ['incident-leads'], act: [] },
      expires_at: '2026-11-02T21:00:00.000Z',
    });
    expect(signed.principal.name).toMatch(/^ana-muller\.[0-9a-f]{10}$/);
    const who = await house.identity.authenticate(signed.token);
    expect(who.principal).toEqual(signed.principal);
    expect(house.audit.types()).toEqual(['identity.account_created', 'identity.signed_in']);
    expect((await house.store.accountById(signed.principal.id))?.external).toEqual({
      issuer: issuer.issuer,
      subject: 'subject-1',
    });
    await house.identity.signOut(who);
    expect(await codeOf(house.identity.authenticate(signed.token))).toBe('not_signed_in');
  });

  test('B1: roles and groups follow the claims at each sign-in, and sessions from before lose what was lost', async () => {
    const first = await entered();
    const second = await entered({ claims: { groups: ['staff'], preferred_username: 'somebody-else' } });
    expect(second.principal).toMatchObject({
      id: first.principal.id,
      name: first.principal.name,
      roles: ['requester'],
    });
    expect((await house.identity.authenticate(first.token)).principal.roles).toEqual(['requester']);
    expect(house.audit.of('identity.account_changed').map(({ data }) => data)).toEqual([
      { account: first.principal.id, roles: ['requester'], groups: [] },
    ]);
    await entered({ claims: { groups: ['staff'] } });
    expect(house.audit.of('identity.account_changed')).toHaveLength(1);
  });

  test('B1: another subject is another account, also where it calls itself the same; so is another issuer', async () => {
    const first = await entered();
    const second = await entered({ claims: { sub: 'subject-2' } });
    expect(second.principal.id).not.toBe(first.principal.id);
    expect(second.principal.name).not.toBe(first.principal.name);
    issuer = fakeIssuer(house.clock, 'https://other.example');
    const third = await entered({ by: build() });
    expect(new Set([first, second, third].map(({ principal }) => principal.id)).size).toBe(3);
  });

  test('B1: two first sign-ins at the same moment make one account', async () => {
    const ways = [await signIn(), await signIn()];
    issuer.answers.set('/token', async (_url, init) => {
      const verifier = new URLSearchParams(String(init?.body)).get('code_verifier')!;
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const nonce = ways.find(({ asked }) => asked.get('code_challenge') === challenge)!.asked.get('nonce');
      const id_token = await issuer.sign({ aud: 'portreeve', nonce, ...PERSON } as JWTPayload);
      return Response.json({ access_token: 'opaque', token_type: 'Bearer', id_token });
    });
    const [one, other] = await Promise.all(ways.map(({ finish }) => finish()));
    expect(one!.principal.id).toBe(other!.principal.id);
    expect(house.audit.of('identity.account_created')).toHaveLength(1);
  });

  test('B1: a person without a role gets no session', async () => {
    for (const groups of [[], ['other'], undefined]) {
      const { finish } = await signIn({ claims: { groups } });
      expect(await codeOf(finish())).toBe('refused');
    }
    expect(house.refusals()).toEqual(Array(3).fill('oidc no_role'));
    expect(await house.identity.accounts()).toEqual([]);
  });
});

describe('B1: attacks on the sign-in', () => {
  test.each<[string, Parameters<typeof signIn>[0], string]>([
    [
      'another issuer in the answer (RFC 9207)',
      { callback: (p) => p.set('iss', 'https://evil.example') },
      'provider_error',
    ],
    ['no issuer in the answer of a provider that sends one', { callback: (p) => p.delete('iss') }, 'provider_error'],
    [
      'an error of the provider',
      {
        callback: (p) => {
          p.delete('code');
          p.set('error', 'access_denied');
        },
      },
      'provider_error',
    ],
    ['no code', { callback: (p) => p.delete('code') }, 'provider_error'],
    ['another state', { callback: (p) => p.set('state', 'made-up') }, 'not_begun'],
    ['no state', { callback: (p) => p.delete('state') }, 'malformed'],
    ['two states', { callback: (p) => p.append('state', 'x') }, 'malformed'],
    ['two codes', { callback: (p) => p.append('code', 'x') }, 'provider_error'],
    ['an oversize answer', { callback: (p) => p.set('x', 'x'.repeat(9000)) }, 'too_large'],
    ['another browser', { cookie: 'A'.repeat(43) }, 'other_browser'],
    ['no cookie', { cookie: '' }, 'other_browser'],
    ['an oversize cookie', { cookie: 'A'.repeat(1e6) }, 'too_large'],
    ['after ten minutes', { wait_ms: 600_000 }, 'expired'],
    ['another nonce', { claims: { nonce: 'made-up' } }, 'provider_error'],
    ['no nonce', { claims: { nonce: undefined } }, 'provider_error'],
    ['another audience', { claims: { aud: 'another-client' } }, 'provider_error'],
    ['us among others', { claims: { aud: ['portreeve', 'another-client'] } }, 'provider_error'],
    ['another issuer in the token', { claims: { iss: 'https://evil.example' } }, 'provider_error'],
    ['an expired token', { claims: { exp: 1 } }, 'provider_error'],
    ['a token that is not yet valid', { claims: { nbf: 4_000_000_000 } }, 'provider_error'],
    ['no subject', { claims: { sub: undefined } }, 'provider_error'],
    ['a very long subject', { claims: { sub: 'x'.repeat(256) } }, 'subject'],
    ['a group claim that is a string', { claims: { groups: 'sec-ops' } }, 'group_claim'],
    ['a group claim that is an object', { claims: { groups: { 0: 'sec-ops', length: 1 } } }, 'group_claim'],
    ['a group claim with a number', { claims: { groups: ['sec-ops', 1] } }, 'group_claim'],
    ['a group claim with a list', { claims: { groups: [['sec-ops']] } }, 'group_claim'],
    ['a group claim that is null', { claims: { groups: null } }, 'group_claim'],
    ['thousands of groups', { claims: { groups: Array(2001).fill('sec-ops') } }, 'group_claim'],
    [
      'a key that the provider does not publish',
      { sign: { kid: 'first', header: { kid: 'unknown' } } },
      'provider_error',
    ],
  ])('%s', async (_what, change, reason) => {
    expect(await refusal(change)).toBe(`oidc ${reason}`);
  });

  test('a signature by another key, and a token without one', async () => {
    const mine = fakeIssuer(house.clock).addKey('first');
    expect(await refusal({ sign: { key: mine } })).toBe('oidc provider_error');
    for (const alg of ['none', 'HS256', 'RS256']) {
      const { asked, finish } = await signIn();
      issuer.answers.set('/token', () => {
        const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const iat = Math.floor(house.clock.now().getTime() / 1000);
        const claims = {
          iss: issuer.issuer,
          aud: 'portreeve',
          iat,
          exp: iat + 60,
          nonce: asked.get('nonce'),
          ...PERSON,
        };
        const signature = alg === 'none' ? '' : 'AAAA';
        const id_token = `${b64({ alg, kid: 'first' })}.${b64(claims)}.${signature}`;
        return Response.json({ access_token: 'opaque', token_type: 'Bearer', id_token });
      });
      expect(await codeOf(finish())).toBe('not_signed_in');
    }
    expect(house.audit.of('identity.signed_in')).toEqual([]);
  });

  test('an answer is good once, also of two at the same moment, and a failed one uses it up', async () => {
    const { finish } = await signIn();
    const results = await Promise.allSettled([finish(), finish()]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(finish())).toBe('not_signed_in');
    const stolen = await signIn();
    expect(await codeOf(oidc.finish(stolen.url, 'A'.repeat(43)))).toBe('not_signed_in');
    expect(await codeOf(stolen.finish())).toBe('not_signed_in');
  });

  test('where the browser came back to does not become the redirect address', async () => {
    const { url, begun, exchanges } = await signIn();
    await oidc.finish(url.replace('https://portreeve.example', 'https://evil.example:99/x'), begun.cookie);
    expect(exchanges[0]?.get('redirect_uri')).toBe(REDIRECT);
  });

  test('a provider that hangs, answers a megabyte, redirects or names another issuer makes nobody wait', async () => {
    const answers: (() => Response | Promise<Response>)[] = [
      () => new Promise(() => undefined),
      () => Response.json({ issuer: issuer.issuer, pad: 'x'.repeat(1024 * 1024) }),
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
      () => Response.json({ issuer: 'https://evil.example', authorization_endpoint: 'https://evil.example/a' }),
      () => new Response('down', { status: 500 }),
    ];
    for (const answer of answers) {
      issuer.answers.set('/.well-known/openid-configuration', answer);
      expect(await codeOf(build({ timeout_ms: 200 }).begin())).toBe('unavailable');
    }
    expect(issuer.requests.every((url) => url.startsWith(issuer.issuer))).toBe(true);
  });

  test('what was begun and never finished is forgotten', async () => {
    await oidc.begin();
    expect(await oidc.forgetUnfinished()).toBe(0);
    house.clock.advance(600_001);
    expect(await oidc.forgetUnfinished()).toBe(1);
  });

  test('G1: where the record cannot be written, no account and no session is made', async () => {
    const { finish } = await signIn();
    house.audit.failWith(new Error('the log is away'));
    await expect(finish()).rejects.toThrow('the log is away');
    house.audit.failWith(null);
    expect(await house.identity.accounts()).toEqual([]);
  });
});

describe('configuration', () => {
  test.each<[string, Partial<OidcSignInOptions>]>([
    ['an issuer without TLS', { issuer: 'http://issuer.example' }],
    ['an issuer on the loopback in production', { issuer: 'http://127.0.0.1:1', environment: 'production' }],
    ['a redirect address with a query', { redirectUri: `${REDIRECT}?x=1` }],
    ['a redirect address without TLS', { redirectUri: 'http://portreeve.example/callback' }],
    ['no rule', { roleRules: [] }],
    ['a role that is none', { roleRules: [{ claim: 'groups', value: 'x', roles: ['root'] as never }] }],
  ])('%s is refused at the start', (_what, more) => {
    expect(() => build(more)).toThrow('misconfigured');
  });

  test('B1: rules read own members alone', () => {
    const rules = [{ claim: 'constructor', value: 'x', roles: ['admin' as const], groups: [] }];
    expect(rightsFromClaims(rules, {})).toEqual({ roles: [], groups: [] });
  });
});
