import { groupSchema, nameSchema, ROLES, type Role } from '@portreeve/contract';
import { Refused } from './refusal.ts';

/** What a credential lets somebody do. `tools: null` sets no limit of its own: policy alone decides. */
export interface Rights {
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly tools: readonly string[] | null;
}

const SCOPE_CHARS_MAX = 4096;
const SCOPE_ITEMS_MAX = 128;

/**
 * An OAuth scope (RFC 6749, 3.3) as rights: `role:requester group:managers tool:prepare_access_change`. Only what is
 * named is asked for. Throws `Refused` where an item has another form.
 */
export function parseScope(scope: string): Rights & { readonly tools: readonly string[] } {
  const items = scope.split(' ').filter((item) => item !== '');
  if (scope.length > SCOPE_CHARS_MAX || items.length === 0 || items.length > SCOPE_ITEMS_MAX)
    throw new Refused('scope');
  const named = (kind: string, allowed: (name: string) => boolean): string[] => {
    const names = items.filter((item) => item.startsWith(`${kind}:`)).map((item) => item.slice(kind.length + 1));
    if (!names.every(allowed)) throw new Refused('scope');
    return [...new Set(names)];
  };
  if (!items.every((item) => /^(role|group|tool):/.test(item))) throw new Refused('scope');
  return {
    roles: named('role', (name) => ROLES.includes(name as Role)) as Role[],
    groups: named('group', (name) => groupSchema.safeParse(name).success),
    tools: named('tool', (name) => nameSchema.safeParse(name).success),
  };
}

export function formatScope(rights: Rights): string {
  return [
    ...rights.roles.map((role) => `role:${role}`),
    ...rights.groups.map((group) => `group:${group}`),
    ...(rights.tools ?? []).map((tool) => `tool:${tool}`),
  ].join(' ');
}

/** What all of them have: never more than any one. */
export function intersect(first: Rights, ...others: readonly Rights[]): Rights {
  return others.reduce<Rights>(
    (left, right) => ({
      roles: left.roles.filter((role) => right.roles.includes(role)),
      groups: left.groups.filter((group) => right.groups.includes(group)),
      tools:
        left.tools === null
          ? right.tools
          : right.tools === null
            ? left.tools
            : left.tools.filter((tool) => right.tools!.includes(tool)),
    }),
    first,
  );
}
