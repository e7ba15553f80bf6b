import type { ClaimCondition } from '@portreeve/contract';

/** Whether a claim satisfies a condition. A claim that is missing, a list or an object satisfies none. */
export function holds(condition: ClaimCondition, claims: Readonly<Record<string, unknown>>): boolean {
  const value = Object.hasOwn(claims, condition.claim) ? claims[condition.claim] : undefined;
  if ('equals' in condition) return value === condition.equals;
  if ('in' in condition) return condition.in.some((allowed) => allowed === value);
  return typeof value === 'string' && value.startsWith(condition.prefix);
}
