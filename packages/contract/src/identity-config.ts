import { z } from 'zod';
import {
  httpsUrlSchema,
  isLoopbackHttp,
  roleRuleSchema,
  trustDomainSchema,
  workloadRuleSchema,
} from './identity-rules.ts';
import { nameSchema } from './ids.ts';

/** Algorithms of ID tokens: asymmetric ones alone. */
const ID_TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** Scheme, host and port, and nothing behind them: it is compared as text, in tokens and in `Origin`. */
const originSchema = httpsUrlSchema.refine(
  (text) => URL.canParse(text) && new URL(text).origin === text,
  'use an address without a path, and without a slash at its end',
);

/** One OpenID Connect provider that people sign in at (requirement B1). */
export const oidcProviderSchema = z.strictObject({
  /** Stands in its addresses, `/v1/oidc/NAME/…`. */
  name: nameSchema,
  /** Exactly as the provider's metadata and its ID tokens name it. */
  issuer: httpsUrlSchema,
  client_id: z.string().min(1).max(256),
  /** The name of the secret that holds the client secret; left out: a public client, with PKCE alone. */
  client_secret: nameSchema.optional(),
  /** Scopes besides `openid`. */
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'use a scope of RFC 6749'))
    .max(20)
    .default(['profile']),
  /** The one algorithm of its ID tokens. */
  id_token_alg: z.enum(ID_TOKEN_ALGORITHMS).default('RS256'),
  /** Claims to roles and groups. Who no rule gives a role does not come in. */
  role_rules: z.array(roleRuleSchema).min(1).max(500),
  /** Other hosts of the provider (token endpoint, key set) than the issuer's, as `https://host[:port]`. */
  hosts: z.array(originSchema).max(8).default([]),
  /** The provider may have a loopback or private address. */
  private: z.boolean().default(false),
});
export type OidcProviderConfig = z.infer<typeof oidcProviderSchema>;

const workloadSchema = z.strictObject({
  /** The first rule that fits a token decides. */
  rules: z.array(workloadRuleSchema).max(200).default([]),
  /** What `aud` of a JWT-SVID must be, and alone. */
  spiffe_audience: z.string().min(1).max(256).optional(),
  /** Where each trust domain's keys are. A domain that is not named here is not trusted. */
  trust_domains: z.record(trustDomainSchema, z.strictObject({ jwks_uri: httpsUrlSchema })).default({}),
  /** Other hosts of the issuers (their key sets) than those that rules and trust domains name. */
  hosts: z.array(originSchema).max(50).default([]),
  /** Hosts of issuers that may have a loopback or private address, as `https://host[:port]`. */
  private_hosts: z.array(originSchema).max(50).default([]),
});

const accessTokensSchema = z.strictObject({
  /** The `aud` of access tokens (RFC 8707). Default: `base_url`. */
  audience: z.string().min(1).max(256).optional(),
  /** Seconds that one lives at the most. */
  ttl_s: z.int().min(30).max(900).default(300),
  /** Days that a signing key signs. Its successor is made, and published, `key_overlap_hours` before. */
  key_days: z.int().min(1).max(366).default(30),
  key_overlap_hours: z.int().min(1).max(168).default(24),
});

/** Who may ask, and how they say who they are (requirements B1 to B6). */
export const identityConfigSchema = z
  .strictObject({
    /** Where browsers and clients reach this server: the issuer of its tokens and the beginning of its addresses. */
    base_url: originSchema.default('http://127.0.0.1:7410'),
    /**
     * Addresses (CIDR) of the proxies before this server: whom they name last in `X-Forwarded-For` is who asks, and limits by
     * address count that one. What anybody else writes there counts for nothing.
     */
    trusted_proxies: z
      .array(z.union([z.cidrv4(), z.cidrv6()]))
      .max(32)
      .default([]),
    /**
     * `allow`: people may have local accounts in production too, and where an identity provider is named the first start makes
     * them all the same. Elsewhere people may have them in any case.
     */
    local_accounts: z.enum(['laptop', 'allow']).default('laptop'),
    /** How long a session lives, whether used or not. */
    session_minutes: z
      .int()
      .min(5)
      .max(24 * 60)
      .default(12 * 60),
    oidc: z.array(oidcProviderSchema).max(20).default([]),
    workload: workloadSchema.prefault({}),
    access_tokens: accessTokensSchema.prefault({}),
  })
  .superRefine(({ oidc, base_url, workload, access_tokens }, context) => {
    const names = oidc.map(({ name }) => name);
    const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
    if (twice >= 0)
      context.addIssue({ code: 'custom', path: ['oidc', twice, 'name'], message: 'two providers have this name' });
    for (const [index, rule] of workload.rules.entries())
      if (rule.kind === 'oidc' && rule.issuer === base_url)
        context.addIssue({
          code: 'custom',
          path: ['workload', 'rules', index, 'issuer'],
          message: 'our own tokens identify no workload',
        });
    if (access_tokens.key_overlap_hours >= access_tokens.key_days * 24)
      context.addIssue({
        code: 'custom',
        path: ['access_tokens', 'key_overlap_hours'],
        message: 'the overlap is shorter than the life of a key',
      });
  });
export type IdentityConfig = z.infer<typeof identityConfigSchema>;

/** Why the identity section does not do for production, by field; empty where it does. */
export function unfitForProduction({
  base_url,
  oidc,
}: IdentityConfig): { path: (string | number)[]; message: string }[] {
  if (oidc.length === 0) return [];
  const plain = (text: string) => isLoopbackHttp(new URL(text));
  return [
    ...(plain(base_url) ? [{ path: ['base_url'], message: 'production signs people in over https alone' }] : []),
    ...oidc.flatMap(({ issuer }, index) =>
      plain(issuer) ? [{ path: ['oidc', index, 'issuer'], message: 'production trusts https issuers alone' }] : [],
    ),
  ];
}
