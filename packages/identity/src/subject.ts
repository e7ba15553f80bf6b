import { accountNameSchema, idSchema, type Principal } from '@portreeve/contract';
import { principalOf } from './accounts.ts';
import type { AccountStore } from './ports.ts';
import { Refused } from './refusal.ts';
import type { Rights } from './rights.ts';
import type { Usable } from './usable.ts';

/** Somebody else, as they stand at this moment. */
export interface Subject {
  readonly principal: Principal;
  /** The tools that an agent is registered for; `null`: policy alone decides. */
  readonly tools: Rights['tools'];
}

export interface Subjects {
  /**
   * Who an account is, by id or name, with the roles and groups that it would have now. `null` where there is none, or
   * where it may not be used (an agent that is suspended or not reviewed in time, a local account where those are off).
   */
  subject(idOrName: string): Promise<Subject | null>;
}

export function createSubjects(deps: { store: AccountStore; usable: Usable }): Subjects {
  const { store, usable } = deps;
  const find = async (idOrName: string) => {
    const id = idSchema('principal').safeParse(idOrName);
    if (id.success) return store.accountById(id.data);
    return accountNameSchema.safeParse(idOrName).success ? store.accountByName(idOrName) : null;
  };
  return {
    async subject(idOrName) {
      const account = await find(idOrName);
      if (!account) return null;
      try {
        const { roles, groups, tools } = await usable(account);
        return { principal: { ...principalOf(account), roles: [...roles], groups: [...groups] }, tools };
      } catch (error) {
        if (error instanceof Refused) return null;
        throw error;
      }
    },
  };
}
