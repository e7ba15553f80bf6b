import { z } from 'zod';
import { ENVIRONMENTS } from './environment-name.ts';
import { nameSchema } from './ids.ts';
import { ROLES } from './principal.ts';

/** Lower-case words joined by `.`, `-` or `_`, at most 64 characters: safe in paths, logs and terminals. */
export const accountNameSchema = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/, 'use lower-case letters and digits, with . - or _ between them');

export const groupSchema = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'use letters, digits, . - or _');

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

export function isLoopbackHttp(url: URL): boolean {
  return url.protocol === 'http:' && LOOPBACK.includes(url.hostname);
}

/** Https; plain http on the loopback alone. No user, password or fragment. */
export const httpsUrlSchema = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || url.username || url.password || url.hash) return false;
    return url.protocol === 'https:' || isLoopbackHttp(url);
  }, 'use an https address');

/** Whoever has `value` in the claim gets the roles and groups. */
export const roleRuleSchema = z.strictObject({
  claim: z.string().min(1).max(128),
  value: z.string().min(1).max(256),
  roles: z.array(z.enum(ROLES)).max(ROLES.length),
  groups: z.array(groupSchema).max(64).default([]),
});
export type RoleRule = z.input<typeof roleRuleSchema>;

/** SPIFFE-ID, 2.1 and 2.3. */
export const trustDomainSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[a-z0-9._-]+$/, 'a trust domain has lower-case letters, digits, dots, - and _');

/** SPIFFE-ID, 2.2: no empty segment, no `.` or `..`, no slash at the end. */
export const spiffePathSchema = z
  .string()
  .max(1700)
  .regex(/^(\/[A-Za-z0-9._-]+)+$/, 'use a path such as /ns/prod/sa/agent')
  .refine((path) => !path.split('/').some((segment) => segment === '.' || segment === '..'), 'no . or .. segment');

const scalarSchema = z.union([z.string().max(512), z.number(), z.boolean()]);
/** Ends where a part of the name ends: the prefix `repo:acme/app` would let `repo:acme/app-evil` in. */
const prefixSchema = z
  .string()
  .max(512)
  .regex(/.[/:]$/, 'a prefix ends with / or :');

const conditionSchema = z.union([
  z.strictObject({ claim: z.string().min(1).max(128), equals: scalarSchema }),
  z.strictObject({ claim: z.string().min(1).max(128), prefix: prefixSchema }),
  z.strictObject({ claim: z.string().min(1).max(128), in: z.array(scalarSchema).min(1).max(100) }),
]);
export type ClaimCondition = z.infer<typeof conditionSchema>;

const common = {
  /** Names the rule in records. */
  name: nameSchema,
  /** The registered service or agent that the workload is. */
  account: accountNameSchema,
  environment: z.enum(ENVIRONMENTS),
  /** Of the account's roles, those that the workload gets. Default: all of them. */
  roles: z.array(z.enum(ROLES)).min(1).optional(),
  /** The token must have a `jti` and is good for one call. */
  single_use: z.boolean().default(false),
};

/** Requirement B3. The first rule that fits a token decides. */
export const workloadRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('oidc'),
    issuer: httpsUrlSchema,
    /** What `aud` must be, and alone. */
    audience: z.string().min(1).max(256),
    /** All must hold. At least one: an issuer that serves everybody would otherwise let everybody in. */
    conditions: z.array(conditionSchema).min(1).max(32),
    /** Where the keys are; otherwise the issuer's metadata say it (OpenID Connect Discovery). */
    jwks_uri: httpsUrlSchema.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('spiffe'),
    trust_domain: trustDomainSchema,
    /** The path of the SPIFFE ID: whole, or the beginning up to a `/`. */
    path: z.union([
      z.strictObject({ equals: spiffePathSchema }),
      z.strictObject({
        prefix: z
          .string()
          .max(512)
          .regex(/^\/(.*\/)?$/, 'a prefix begins and ends with /'),
      }),
    ]),
  }),
]);
export type WorkloadRule = z.output<typeof workloadRuleSchema>;
export type WorkloadRuleInput = z.input<typeof workloadRuleSchema>;
