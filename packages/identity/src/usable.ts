import type { Clock, EnvironmentName } from '@portreeve/contract';
import type { Account, AgentStore } from './ports.ts';
import { Refused } from './refusal.ts';
import type { Rights } from './rights.ts';

/** What an account may do at this moment. Throws `Refused` where it may not be used at all. */
export type Usable = (account: Account | null) => Promise<Rights>;

/**
 * An agent must be active, of this environment and reviewed in time: a schedule that is late must not keep it alive. A
 * local account of a person needs that local accounts are allowed.
 */
export function usableAccounts(deps: {
  store: Pick<AgentStore, 'agentById'>;
  clock: Clock;
  environment: EnvironmentName;
  allowLocalAccounts: boolean;
}): Usable {
  const { store, clock, environment, allowLocalAccounts } = deps;
  return async (account) => {
    if (!account) throw new Refused('account');
    const { roles, groups } = account;
    if (account.kind === 'person' && account.external === null && !allowLocalAccounts)
      throw new Refused('local_accounts_off', { about: account.id });
    if (account.kind !== 'agent') return { roles, groups, tools: null };
    const agent = await store.agentById(account.id);
    if (agent?.state !== 'active' || clock.now().getTime() >= Date.parse(agent.review_by))
      throw new Refused('account', { about: account.id });
    if (agent.environment !== environment) throw new Refused('environment', { about: account.id });
    return { roles, groups, tools: agent.tools };
  };
}
