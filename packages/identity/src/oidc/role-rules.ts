import { ROLES, type Role, type roleRuleSchema } from '@portreeve/contract';
import { z } from 'zod';
import { Refused } from '../refusal.ts';

const claimSchema = z.array(z.string().max(256)).max(2000);

/**
 * The roles and groups that an identity provider's claims give (requirement B1): only those that rules name, so that a
 * group made there by anybody is nothing here. Throws `Refused` where a claim that a rule reads is there and is not an
 * array of strings; a claim that is missing gives nothing.
 */
export function rightsFromClaims(
  rules: readonly z.output<typeof roleRuleSchema>[],
  claims: Readonly<Record<string, unknown>>,
): { roles: Role[]; groups: string[] } {
  const fits = rules.filter((rule) => {
    if (!Object.hasOwn(claims, rule.claim)) return false;
    const values = claimSchema.safeParse(claims[rule.claim]);
    if (!values.success) throw new Refused('group_claim');
    return values.data.includes(rule.value);
  });
  return {
    roles: ROLES.filter((role) => fits.some((rule) => rule.roles.includes(role))),
    groups: [...new Set(fits.flatMap((rule) => rule.groups))].sort(),
  };
}
