import { ENVIRONMENTS, nameSchema, ROLES } from '@portreeve/contract';
import { z } from 'zod';
import { accountNameSchema } from '../accounts.ts';
import { httpsUrlSchema } from '../http-url.ts';
import { spiffePathSchema, trustDomainSchema } from './spiffe.ts';

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
          .regex(/^\/(.*\/)?$/),
      }),
    ]),
  }),
]);
export type WorkloadRule = z.output<typeof workloadRuleSchema>;
export type WorkloadRuleInput = z.input<typeof workloadRuleSchema>;

/** Whether a claim satisfies a condition. A claim that is missing, a list or an object satisfies none. */
export function holds(condition: ClaimCondition, claims: Readonly<Record<string, unknown>>): boolean {
  const value = Object.hasOwn(claims, condition.claim) ? claims[condition.claim] : undefined;
  if ('equals' in condition) return value === condition.equals;
  if ('in' in condition) return condition.in.some((allowed) => allowed === value);
  return typeof value === 'string' && value.startsWith(condition.prefix);
}
