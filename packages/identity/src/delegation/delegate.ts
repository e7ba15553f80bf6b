import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  fieldErrors,
  idSchema,
  PortreeveError,
  type TokenId,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Authenticated } from '../authenticate.ts';
import type { AccountStore } from '../ports.ts';
import { Refused } from '../refusal.ts';
import { formatScope, intersect, parseScope } from '../rights.ts';
import type { Usable } from '../usable.ts';
import type { AccessTokens } from './access-tokens.ts';
import { ACCESS_TOKEN_TTL_MAX_S } from './keys.ts';

const newDelegationSchema = z.strictObject({
  /** The one agent that may use it. */
  agent: idSchema('principal'),
  /** What the agent may do at the most: `role:… group:… tool:…`. It must name what it gives. */
  scope: z.string().min(1).max(4096),
  ttl_s: z.int().min(1).max(ACCESS_TOKEN_TTL_MAX_S).default(300),
});
export type NewDelegation = z.input<typeof newDelegationSchema>;

export interface Delegations {
  /**
   * A signed-in person's leave for one agent, to be used once as the `subject_token` of an exchange. It opens nothing
   * by itself, so the person's own credential is never handed to a workflow (requirements B2, B4). Throws `bad_request`,
   * `not_found` for an agent that is not active, `refused` for a caller without a session or a scope beyond their own.
   */
  delegate(
    input: NewDelegation,
    who: Authenticated,
  ): Promise<{ token: string; id: TokenId; expires_at: string; scope: string }>;
}

export function createDelegations(deps: {
  store: AccountStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  accessTokens: AccessTokens;
  usable: Usable;
}): Delegations {
  const { store, uow, audit, clock, accessTokens, usable } = deps;
  return {
    async delegate(input, who) {
      const parsed = newDelegationSchema.safeParse(input);
      if (!parsed.success)
        throw new PortreeveError('bad_request', 'The delegation cannot be made from this.', {
          errors: fieldErrors(parsed.error),
        });
      if (who.via.kind !== 'session' || who.principal.kind !== 'person')
        throw new PortreeveError('refused', 'Only a signed-in person can let an agent act.', {
          next: 'Sign in first.',
        });
      const { agent: agentId, scope, ttl_s } = parsed.data;
      const agent = await store.accountById(agentId);
      const registered = await rightsOfAgent(usable, agent?.kind === 'agent' ? agent : null);
      const { roles, groups } = who.principal;
      const rights = intersect({ roles, groups, tools: who.tools }, registered, scopeOf(scope));
      if (rights.roles.length === 0 && (rights.tools ?? []).length === 0)
        throw new PortreeveError('refused', 'You and the agent do not both hold any of this.', {
          next: 'Ask for a role or tool that both of you have.',
        });
      const granted = formatScope(rights);
      const now = Math.floor(clock.now().getTime() / 1000);
      const exp = Math.min(now + ttl_s, Math.floor(Date.parse(who.expires_at) / 1000));
      if (exp <= now) throw new PortreeveError('not_signed_in', 'The session is about to end.');
      return uow.transaction(async (tx) => {
        const { token, id, expires_at } = await accessTokens.signDelegation({
          sub: who.principal.id,
          may_act: { sub: agentId },
          scope: granted,
          exp,
        });
        await audit.append(tx, [
          draft({
            type: 'identity.delegated',
            actor: actorOf(who.principal),
            data: { token: id, subject: who.principal.id, agent: agentId, scope: granted, expires_at },
          }),
        ]);
        return { token, id, expires_at, scope: granted };
      });
    },
  };
}

async function rightsOfAgent(usable: Usable, agent: Parameters<Usable>[0]) {
  try {
    return await usable(agent);
  } catch (error) {
    if (error instanceof Refused)
      throw new PortreeveError('not_found', 'There is no active agent of this id.', { cause: error });
    throw error;
  }
}

function scopeOf(scope: string) {
  try {
    return parseScope(scope);
  } catch (error) {
    if (error instanceof Refused) throw new PortreeveError('bad_request', 'The scope is malformed.', { cause: error });
    throw error;
  }
}
