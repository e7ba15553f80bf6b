import {
  type Clock,
  PortreeveError,
  type Principal,
  type SessionId,
  type TokenId,
  type UnitOfWork,
} from '@portreeve/contract';
import { principalOf } from './accounts.ts';
import type { IdentityStore } from './ports.ts';
import { secretHash, secretKind } from './secret.ts';

/** Who a bearer secret stands for, and which secret it was. */
export interface Authenticated {
  readonly principal: Principal;
  readonly via: { readonly kind: 'session'; readonly id: SessionId } | { readonly kind: 'token'; readonly id: TokenId };
}

/** A token's last use is written at most this often, so that reads do not become writes. */
export const TOUCH_EVERY_S = 600;

/**
 * The principal of a bearer secret (without the word `Bearer`). Throws `not_signed_in` for one that is malformed,
 * unknown, expired, ended or revoked, without saying which. A token gives the roles that it was made with and the
 * account still has.
 */
export type Authenticate = (bearer: string) => Promise<Authenticated>;

export function createAuthenticate(deps: { store: IdentityStore; uow: UnitOfWork; clock: Clock }): Authenticate {
  const { store, uow, clock } = deps;
  return async (bearer) => {
    const now = clock.now();
    const kind = secretKind(bearer);
    if (kind === 'session') {
      const session = await store.sessionByHash(secretHash(bearer));
      if (session && session.ended_at === null && now.getTime() < Date.parse(session.expires_at)) {
        const account = await store.accountById(session.account);
        if (account) return { principal: principalOf(account), via: { kind, id: session.id } };
      }
    }
    if (kind === 'token') {
      const token = await store.tokenByHash(secretHash(bearer));
      if (token && token.revoked_at === null && now.getTime() < Date.parse(token.expires_at)) {
        const account = await store.accountById(token.account);
        if (account) {
          const used = token.last_used_at === null ? null : Date.parse(token.last_used_at);
          if (used === null || now.getTime() - used >= TOUCH_EVERY_S * 1000)
            await uow.transaction((tx) => store.touchToken(tx, token.id, now.toISOString()));
          const roles = account.roles.filter((role) => token.roles.includes(role));
          return { principal: { ...principalOf(account), roles }, via: { kind, id: token.id } };
        }
      }
    }
    throw new PortreeveError('not_signed_in', 'The session or token is not valid, or no longer.');
  };
}
