import type { Principal, ProjectConfig } from '@portreeve/contract';

/** Which workflows' records somebody may read, by the groups that the configuration names; `null`: all records. */
export function auditScopeOf(scopes: ProjectConfig['audit']['scopes']) {
  return ({ groups }: Pick<Principal, 'groups'>): readonly string[] | null => {
    const named = groups.filter((group) => Object.hasOwn(scopes, group));
    return named.length === 0 ? null : [...new Set(named.flatMap((group) => scopes[group] as string[]))].sort();
  };
}
