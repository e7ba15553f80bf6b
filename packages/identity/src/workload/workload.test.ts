import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { SYSTEM_ACTOR, type WorkloadRuleInput } from '@portreeve/contract';
import type { JWTPayload } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { codeOf, ISSUER, identityHouse } from '../testing/house.ts';
import { type FakeIssuer, fakeIssuer } from '../testing/issuer.ts';
import { holds } from './rules.ts';
import { parseSpiffeId } from './spiffe.ts';
import { createWorkloadIdentity, type WorkloadOptions } from './workload.ts';

const AUD = 'https://portreeve.example';
const RULES: WorkloadRuleInput[] = [
  {
    kind: 'oidc',
    name: 'ci-deploy',
    account: 'deployer',
    environment: 'development',
    issuer: 'https://issuer.example',
    audience: AUD,
    roles: ['requester'],
    conditions: [
      { claim: 'repository', equals: 'acme/app' },
      { claim: 'ref', prefix: 'refs/heads/' },
      { claim: 'event', in: ['push', 'schedule'] },
    ],
  },
  {
    kind: 'oidc',
    name: 'ci-once',
    account: 'deployer',
    environment: 'development',
    issuer: 'https://issuer.example',
    audience: AUD,
    single_use: true,
    conditions: [{ claim: 'repository', equals: 'acme/once' }],
  },
  {
    kind: 'oidc',
    name: 'ci-production',
    account: 'deployer',
    environment: 'production',
    issuer: 'https://issuer.example',
    audience: AUD,
    conditions: [{ claim: 'repository', equals: 'acme/production' }],
  },
  {
    kind: 'spiffe',
    name: 'mesh-agent',
    account: 'mesh-agent',
    environment: 'development',
    trust_domain: 'prod.example',
    path: { prefix: '/ns/agents/' },
  },
  {
    kind: 'spiffe',
    name: 'mesh-robot',
    account: 'deployer',
    environment: 'development',
    trust_domain: 'prod.example',
    path: { equals: '/ns/robots/deployer' },
  },
];
const CLAIMS = { sub: 'repo:acme/app', aud: AUD, repository: 'acme/app', ref: 'refs/heads/main', event: 'push' };

let house: ReturnType<typeof identityHouse>;
let issuer: FakeIssuer;
let mesh: FakeIssuer;

function build(rules: readonly WorkloadRuleInput[] = RULES, more: Partial<WorkloadOptions> = {}) {
  house = identityHouse({
    more: (deps) => {
      issuer = fakeIssuer(deps.clock);
      mesh = fakeIssuer(deps.clock, 'https://mesh.example');
      const workload = createWorkloadIdentity({
        ...deps,
        rules,
        spiffe_audience: AUD,
        trust_domains: { 'prod.example': { jwks_uri: mesh.jwks_uri } },
        environment: 'development',
        own_issuer: ISSUER,
        fetch: (input, init) => (String(input).startsWith(mesh.issuer) ? mesh : issuer).fetch(input, init),
        timeout_ms: 10_000,
        ...more,
      });
      return { workload };
    },
  });
}

beforeEach(async () => {
  build();
  const root = await house.person('root-admin', ['admin']);
  await house.identity.createAccount(
    { name: 'deployer', kind: 'service', roles: ['requester', 'operator'] },
    SYSTEM_ACTOR,
  );
  await house.agent(root.who, { name: 'mesh-agent', owner: root.principal.id });
});

const authenticate = (token: string) => house.identity.authenticate(token);
/** Why it was refused: only the record says so. */
async function refusal(token: string): Promise<string> {
  const before = house.refusals().length;
  expect(await codeOf(authenticate(token))).toBe('not_signed_in');
  const [reason, ...more] = house.refusals().slice(before);
  expect(more).toEqual([]);
  return reason!.replace(/^workload /, '');
}
const svid = (claims: JWTPayload = {}, options: Parameters<FakeIssuer['sign']>[1] = {}) =>
  mesh.sign(
    {
      iss: undefined,
      jti: undefined,
      sub: 'spiffe://prod.example/ns/agents/access',
      aud: [AUD],
      ...claims,
    } as JWTPayload,
    options,
  );

describe('B3: OpenID Connect federation', () => {
  test('B3: a token that a rule fits is its registered service, with the rule\u2019s roles', async () => {
    const token = await issuer.sign(CLAIMS);
    const who = await authenticate(token);
    expect(who).toMatchObject({
      principal: { kind: 'service', name: 'deployer', roles: ['requester'], act: [] },
      via: { kind: 'workload', rule: 'ci-deploy' },
      tools: null,
      expires_at: '2026-11-02T09:05:00.000Z',
    });
    await authenticate(token);
    expect(house.audit.of('identity.workload_signed_in').map(({ data }) => data)).toEqual([
      {
        account: who.principal.id,
        rule: 'ci-deploy',
        issuer: issuer.issuer,
        subject: 'repo:acme/app',
        expires_at: '2026-11-02T09:05:00.000Z',
      },
    ]);
    expect(JSON.stringify(house.audit.drafts)).not.toContain(token);
    expect(issuer.requests).toEqual([`${issuer.issuer}/.well-known/openid-configuration`, issuer.jwks_uri]);
  });

  test.each<[string, object]>([
    ['another repository', { repository: 'acme/other' }],
    ['a repository whose name begins alike', { repository: 'acme/app-evil' }],
    ['another ref', { ref: 'refs/tags/v1' }],
    ['an event that is not listed', { event: 'pull_request' }],
    ['a claim that is missing', { event: undefined }],
    ['a list where a string is due', { repository: ['acme/app'] }],
    ['an object', { repository: { equals: 'acme/app' } }],
  ])('B3: no rule fits %s', async (_what, change) => {
    expect(await refusal(await issuer.sign({ ...CLAIMS, ...change }))).toBe('no_rule');
  });

  test.each<[string, () => object, string]>([
    ['another issuer', () => ({ iss: 'https://evil.example' }), 'issuer'],
    ['an issuer with a slash more', () => ({ iss: 'https://issuer.example/' }), 'issuer'],
    ['our own issuer', () => ({ iss: ISSUER }), 'issuer'],
    ['no issuer', () => ({ iss: undefined }), 'issuer'],
    ['another audience', () => ({ aud: 'https://elsewhere.example' }), 'audience'],
    ['us among others', () => ({ aud: [AUD, 'https://elsewhere.example'] }), 'audience'],
    ['no audience', () => ({ aud: undefined }), 'audience'],
    ['expired', () => ({ exp: seconds() - 31 }), 'expired'],
    ['no end', () => ({ exp: undefined }), 'claims'],
    ['not yet valid', () => ({ nbf: seconds() + 31 }), 'not_yet_valid'],
    ['good for years', () => ({ exp: seconds() + 25 * 3600 }), 'too_long_lived'],
    ['no subject', () => ({ sub: undefined }), 'claims'],
    ['deep claims', () => ({ deep: JSON.parse('['.repeat(20) + ']'.repeat(20)) }), 'too_deep'],
    ['an oversize token', () => ({ pad: 'x'.repeat(17_000) }), 'too_large'],
  ])('attack: %s', async (_what, change, reason) => {
    expect(await refusal(await issuer.sign({ ...CLAIMS, ...change() }))).toBe(reason);
  });

  test('B6: a rule of another environment lets nobody in', async () => {
    expect(await refusal(await issuer.sign({ ...CLAIMS, repository: 'acme/production' }))).toBe('environment');
  });

  test('a token that is to be used once is, also by many at the same moment, and needs a jti', async () => {
    const once = { ...CLAIMS, repository: 'acme/once' };
    const token = await issuer.sign(once);
    const answers = await Promise.allSettled(Array.from({ length: 4 }, () => authenticate(token)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await refusal(token)).toBe('replayed');
    expect(await refusal(await issuer.sign({ ...once, jti: undefined } as unknown as JWTPayload))).toBe('claims');
    await authenticate(await issuer.sign(once));
  });

  test('algorithm confusion: the published key used as a shared secret, and none', async () => {
    const [header, payload] = (await issuer.sign(CLAIMS)).split('.') as [string, string];
    const jwk = issuer.keys[0]!;
    const pem = createPublicKey({ key: jwk, format: 'jwk' } as never).export({ type: 'spki', format: 'pem' });
    for (const alg of ['HS256', 'none', 'EdDSA', 'RS256', 'ES384', 'ES256K']) {
      const head = Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid: 'first' })).toString('base64url');
      const mac = createHmac('sha256', pem).update(`${head}.${payload}`).digest('base64url');
      expect(await refusal(`${head}.${payload}.${mac}`)).toBe('algorithm');
    }
    expect(await refusal(`${header}.${payload}.`)).toBe('algorithm');
    expect(await refusal(`${header}.${payload}.AAAA`)).toBe('signature');
  });

  test('a key of the attacker, under a known id, an unknown one, none, and one that stands twice', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await refusal(await issuer.sign(CLAIMS, { key: privateKey }))).toBe('signature');
    expect(await refusal(await issuer.sign(CLAIMS, { key: privateKey, kid: 'mine' }))).toBe('key_unknown');
    expect(await refusal(await issuer.sign(CLAIMS, { header: { kid: undefined } }))).toBe('header');
    for (const kid of ['../jwks', 'https://evil.example/k', 'a'.repeat(201)])
      expect(await refusal(await issuer.sign(CLAIMS, { header: { kid } }))).toBe('header');
    issuer.addKey('twice');
    issuer.addKey('twice');
    house.clock.advance(31_000);
    expect(await refusal(await issuer.sign(CLAIMS, { kid: 'twice' }))).toBe('key_ambiguous');
  });

  test.each(['at+jwt', 'portreeve-grant+jwt', 'portreeve-delegation+jwt', 'dpop+jwt'])(
    'a token of another kind is not who a workload is: %s',
    async (typ) => {
      const token = await issuer.sign(CLAIMS, { header: { typ } });
      expect(await codeOf(authenticate(token))).toBe('not_signed_in');
      expect(issuer.requests).toEqual([]);
    },
  );

  test('metadata that name another issuer, or keys without TLS, give no keys', async () => {
    for (const change of [{ issuer: 'https://evil.example' }, { jwks_uri: 'http://issuer.example/jwks' }]) {
      build();
      issuer.answers.set('/.well-known/openid-configuration', () =>
        Response.json({ issuer: issuer.issuer, jwks_uri: issuer.jwks_uri, ...change }),
      );
      expect(await refusal(await issuer.sign(CLAIMS))).toBe('keys_unavailable');
    }
  });

  test('B5: a suspended agent\u2019s workload is not recorded as signed in', async () => {
    const [agent] = await house.identity.agents();
    await house.identity.changeAgent(agent!.id, { event: 'suspend', reason: 'x' }, SYSTEM_ACTOR);
    expect(await refusal(await svid())).toBe('account');
    expect(house.audit.of('identity.workload_signed_in')).toEqual([]);
  });

  test('an account that is gone, is a person, or is an agent that may not act', async () => {
    const rule = { ...(RULES[0] as object), roles: undefined } as WorkloadRuleInput;
    for (const account of ['nobody', 'a-person', 'idle-agent']) {
      build([{ ...rule, account }]);
      const person = await house.person('a-person');
      await house.identity.registerAgent(
        {
          name: 'idle-agent',
          owner: person.principal.id,
          purpose: 'x',
          roles: ['requester'],
          tools: [],
          data: { confidentiality: 'public' },
          review_by: '2026-12-01T00:00:00.000Z',
        },
        SYSTEM_ACTOR,
      );
      expect(await codeOf(authenticate(await issuer.sign(CLAIMS)))).toBe('not_signed_in');
    }
  });
});

describe('B3: SPIFFE JWT-SVID', () => {
  test('B3: an SVID is the registered agent of its path, with the agent\u2019s tools', async () => {
    expect(await authenticate(await svid())).toMatchObject({
      principal: { kind: 'agent', name: 'mesh-agent', roles: ['requester'] },
      via: { kind: 'workload', rule: 'mesh-agent' },
      tools: ['prepare_access_change'],
    });
    expect(mesh.requests).toEqual([mesh.jwks_uri]);
    const robot = await authenticate(await svid({ sub: 'spiffe://prod.example/ns/robots/deployer' }));
    expect(robot.principal).toMatchObject({ kind: 'service', name: 'deployer', roles: ['requester', 'operator'] });
  });

  test('B3 B4: an agent with an SVID is an actor in an exchange', async () => {
    const ana = await house.person('ana');
    const answer = await house.exchange(ana.secret, await svid());
    expect(answer).toMatchObject({ ok: true, body: { scope: 'role:requester tool:prepare_access_change' } });
  });

  test.each<[string, JWTPayload, string]>([
    ['another path', { sub: 'spiffe://prod.example/ns/other/x' }, 'no_rule'],
    ['a path that only begins alike', { sub: 'spiffe://prod.example/ns/robots/deployer2' }, 'no_rule'],
    ['a path that climbs', { sub: 'spiffe://prod.example/ns/agents/../robots/deployer' }, 'issuer'],
    ['another trust domain', { sub: 'spiffe://evil.example/ns/agents/access' }, 'issuer'],
    ['a trust domain in upper case', { sub: 'spiffe://PROD.example/ns/agents/access' }, 'issuer'],
    ['a user in the id', { sub: 'spiffe://a@prod.example/ns/agents/access' }, 'issuer'],
    ['a query', { sub: 'spiffe://prod.example/ns/agents/access?x' }, 'issuer'],
    ['no path', { sub: 'spiffe://prod.example' }, 'issuer'],
    ['another audience', { aud: ['https://elsewhere.example'] }, 'audience'],
    ['us among others', { aud: [AUD, 'https://elsewhere.example'] }, 'audience'],
    ['no audience', { aud: [] }, 'audience'],
    ['expired', { exp: 1 }, 'expired'],
  ])('attack: %s', async (_what, claims, reason) => {
    expect(await refusal(await svid(claims))).toBe(reason);
  });

  test('attack: a header that JWT-SVID does not know, and another kind of key', async () => {
    expect(await refusal(await svid({}, { header: { x5t: 'abc' } }))).toBe('header');
    expect(await refusal(await svid({}, { header: { typ: 'JOSE', cty: 'x' } }))).toBe('header');
    await authenticate(await svid({}, { header: { typ: 'JOSE' } }));
    await authenticate(await svid({}, { header: { typ: undefined } }));
    const ed = generateKeyPairSync('ed25519');
    mesh.keys.push({ ...ed.publicKey.export({ format: 'jwk' }), kid: 'ed' } as never);
    expect(await refusal(await svid({}, { kid: 'ed', key: ed.privateKey, header: { alg: 'EdDSA' } }))).toBe(
      'algorithm',
    );
  });

  test('attack: an issuer of OpenID tokens cannot speak for a trust domain', async () => {
    const forged = await issuer.sign({ sub: 'spiffe://prod.example/ns/agents/access', aud: AUD });
    expect(await refusal(forged)).toBe('signature');
  });
});

describe('rules', () => {
  test.each<[string, WorkloadRuleInput[], Partial<WorkloadOptions>?]>([
    ['no condition', [{ ...RULES[0], conditions: [] } as never]],
    ['an issuer without TLS', [{ ...RULES[0], issuer: 'http://issuer.example' } as never]],
    ['an issuer that is us', [{ ...RULES[0], issuer: ISSUER } as never]],
    [
      'a prefix that ends within a name',
      [{ ...RULES[0], conditions: [{ claim: 'sub', prefix: 'repo:acme' }] } as never],
    ],
    ['an empty prefix', [{ ...RULES[0], conditions: [{ claim: 'sub', prefix: '' }] } as never]],
    ['a condition of two kinds', [{ ...RULES[0], conditions: [{ claim: 'sub', equals: 'a', in: ['b'] }] } as never]],
    ['two rules of one name', [RULES[0]!, RULES[0]!]],
    ['two key sets for one issuer', [RULES[0]!, { ...RULES[1], jwks_uri: 'https://issuer.example/other' } as never]],
    ['a trust domain without keys', [RULES[3]!], { trust_domains: {} }],
    ['SPIFFE without an audience', [RULES[3]!], { spiffe_audience: undefined as never }],
    ['a path that climbs', [{ ...RULES[4], path: { equals: '/ns/../x' } } as never]],
  ])('a rule with %s is refused at the start', (_what, rules, more) => {
    expect(() => build(rules, more)).toThrow('misconfigured');
  });

  test('conditions read own members alone', () => {
    expect(holds({ claim: '__proto__', equals: 'x' }, {})).toBe(false);
    expect(holds({ claim: 'constructor', in: ['x'] }, {})).toBe(false);
    expect(holds({ claim: 'n', equals: 1 }, { n: '1' })).toBe(false);
  });

  test('SPIFFE IDs', () => {
    expect(parseSpiffeId('spiffe://a.b/c/d')).toEqual({ trust_domain: 'a.b', path: '/c/d' });
    for (const bad of [
      'spiffe://a.b/',
      'spiffe://a.b//c',
      'spiffe:///c',
      'http://a.b/c',
      `spiffe://a/${'c'.repeat(2048)}`,
      7,
    ])
      expect(parseSpiffeId(bad)).toBeNull();
  });
});

function seconds(): number {
  return Math.floor(house.clock.now().getTime() / 1000);
}
