import { expect, test } from 'vitest';
import { fieldErrors } from './errors.ts';
import { projectConfigSchema } from './project.ts';

const provider = {
  name: 'corp',
  issuer: 'https://id.example',
  client_id: 'portreeve',
  role_rules: [{ claim: 'groups', value: 'sec-ops', roles: ['approver'] }],
};
const rule = {
  kind: 'oidc',
  name: 'ci',
  account: 'ci-deploy',
  environment: 'production',
  issuer: 'https://ci.example',
  audience: 'https://portreeve.example',
  conditions: [{ claim: 'sub', prefix: 'repo:acme/app:' }],
};
const parse = (identity: object, environment = 'staging') =>
  projectConfigSchema.safeParse({ workflows: ['workflows/a'], environment, identity });
const problems = (identity: object, environment?: string) => {
  const { error } = parse(identity, environment);
  return error ? fieldErrors(error).map(({ path, message }) => `${path}: ${message}`) : [];
};

test('B1: without a word about it, people have local accounts on a laptop alone, and nobody else is trusted', () => {
  expect(parse({}).data?.identity).toEqual({
    base_url: 'http://127.0.0.1:7410',
    local_accounts: 'laptop',
    session_minutes: 720,
    oidc: [],
    workload: { rules: [], trust_domains: {}, hosts: [], private_hosts: [] },
    access_tokens: { ttl_s: 300, key_days: 30, key_overlap_hours: 24 },
    trusted_proxies: [],
  });
});

test('B1 B3: a whole section is taken as it is', () => {
  const identity = {
    base_url: 'https://portreeve.example',
    oidc: [{ ...provider, client_secret: 'corp-idp', hosts: ['https://login.id.example'] }],
    workload: {
      rules: [rule],
      spiffe_audience: 'x',
      trust_domains: { 'prod.example': { jwks_uri: 'https://b.example/k' } },
    },
    access_tokens: { audience: 'urn:portreeve', ttl_s: 60 },
  };
  expect(problems(identity, 'production')).toEqual([]);
});

test.each<[string, object, string | RegExp]>([
  ['an unknown field', { oidcs: [] }, /oidcs/],
  ['an unknown field inside', { oidc: [{ ...provider, client_secret_value: 'x' }] }, /client_secret_value/],
  [
    'a base with a path',
    { base_url: 'https://a.example/portreeve' },
    'identity.base_url: use an address without a path',
  ],
  ['a base with a slash', { base_url: 'https://a.example/' }, 'identity.base_url: use an address without a path'],
  ['a base without TLS', { base_url: 'http://a.example' }, 'identity.base_url: use an https address'],
  [
    'an issuer without TLS',
    { oidc: [{ ...provider, issuer: 'http://id.example' }] },
    'identity.oidc[0].issuer: use an https',
  ],
  ['no role rule', { oidc: [{ ...provider, role_rules: [] }] }, /identity\.oidc\[0\]\.role_rules/],
  [
    'a role that there is not',
    { oidc: [{ ...provider, role_rules: [{ claim: 'g', value: 'x', roles: ['root'] }] }] },
    /roles\[0\]/,
  ],
  ['an algorithm with a shared secret', { oidc: [{ ...provider, id_token_alg: 'HS256' }] }, /id_token_alg/],
  ['two providers of one name', { oidc: [provider, provider] }, 'identity.oidc[1].name: two providers have this name'],
  ['a rule without a condition', { workload: { rules: [{ ...rule, conditions: [] }] } }, /rules\[0\]\.conditions/],
  [
    'a prefix that ends in the middle of a name',
    { workload: { rules: [{ ...rule, conditions: [{ claim: 'sub', prefix: 'repo:acme/app' }] }] } },
    /conditions\[0\]/,
  ],
  [
    'our own tokens as a workload’s',
    { workload: { rules: [{ ...rule, issuer: 'http://127.0.0.1:7410' }] } },
    /identify no workload/,
  ],
  ['a token for hours', { access_tokens: { ttl_s: 3600 } }, /ttl_s/],
  ['an overlap as long as the key', { access_tokens: { key_days: 1, key_overlap_hours: 24 } }, /shorter than the life/],
])('%s is refused, and named', (_name, identity, expected) => {
  const found = problems(identity);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(
    typeof expected === 'string' ? new RegExp(`^${expected.replace(/[.[\]]/g, '\\$&')}`) : expected,
  );
});

test('B6: production signs people in over https, at https issuers', () => {
  const local = { ...provider, issuer: 'http://127.0.0.1:9000' };
  expect(problems({ oidc: [local] })).toEqual([]);
  expect(problems({ oidc: [local] }, 'production')).toEqual([
    'identity.base_url: production signs people in over https alone',
    'identity.oidc[0].issuer: production trusts https issuers alone',
  ]);
});
