import {
  type AuditWriter,
  type Clock,
  type EnvironmentName,
  PortreeveError,
  type Principal,
  type SessionId,
  type TokenId,
  type UnitOfWork,
} from '@portreeve/contract';
import { principalOf } from './accounts.ts';
import { looksLikeJwt, peekJwt } from './compact-jwt.ts';
import type { AccessTokens } from './delegation/access-tokens.ts';
import { ACCESS_TOKEN_TYPE, actorsOf } from './delegation/claims.ts';
import type { Account, IdentityStore } from './ports.ts';
import { Refused, recordRefused } from './refusal.ts';
import { intersect, parseScope, type Rights } from './rights.ts';
import { secretHash, secretKind } from './secret.ts';
import type { Usable } from './usable.ts';
import type { WorkloadIdentity } from './workload/workload.ts';

/** Who a bearer credential stands for, and which credential it was. */
export interface Authenticated {
  readonly principal: Principal;
  readonly via: /** `proven_at`: when the person last proved who they are; null: nobody has said. */
    | { readonly kind: 'session'; readonly id: SessionId; readonly proven_at: string | null }
    | { readonly kind: 'token'; readonly id: TokenId }
    | { readonly kind: 'access_token'; readonly id: TokenId }
    /** `rule`: the rule that let the workload in. */
    | { readonly kind: 'workload'; readonly rule: string };
  /** The tools that the credential, or the agent who uses it, is limited to; null: policy alone decides. */
  readonly tools: readonly string[] | null;
  readonly expires_at: string;
}

/** A token's last use is written at most this often, so that reads do not become writes. */
export const TOUCH_EVERY_S = 600;

/**
 * The principal of a bearer credential (without the word `Bearer`): a session, an API token, one of our access tokens,
 * or a workload's token. Throws `not_signed_in` for one that is malformed, unknown, of another environment, expired,
 * ended or revoked, without saying which. The rights are those that the credential was made with and that its account
 * (and the agent who acts) has at this moment. `resource`: for which of our resources an access token must have been made.
 */
export type Authenticate = (bearer: string, resource?: string) => Promise<Authenticated>;

export function createAuthenticate(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  environment: EnvironmentName;
  usable: Usable;
  accessTokens?: AccessTokens | undefined;
  workload?: WorkloadIdentity | undefined;
}): Authenticate {
  const { store, uow, clock, environment, usable, accessTokens, workload } = deps;

  const bySession = async (secret: string): Promise<Authenticated> => {
    const session = await store.sessionByHash(secretHash(secret));
    if (!session || session.ended_at !== null || isPast(session.expires_at)) throw new Refused('credential');
    if (session.environment !== environment) throw new Refused('environment');
    const { principal, rights } = await principalWith(await store.accountById(session.account));
    return {
      principal,
      via: { kind: 'session', id: session.id, proven_at: session.proven_at },
      tools: rights.tools,
      expires_at: session.expires_at,
    };
  };

  const byToken = async (secret: string): Promise<Authenticated> => {
    const token = await store.tokenByHash(secretHash(secret));
    if (!token || token.revoked_at !== null || isPast(token.expires_at)) throw new Refused('credential');
    if (token.environment !== environment) throw new Refused('environment');
    const account = await store.accountById(token.account);
    const { principal, rights } = await principalWith(account, {
      roles: token.roles,
      groups: null,
      tools: token.tools,
    });
    const now = clock.now();
    const used = token.last_used_at === null ? null : Date.parse(token.last_used_at);
    if (used === null || now.getTime() - used >= TOUCH_EVERY_S * 1000)
      await uow.transaction((tx) => store.touchToken(tx, token.id, now.toISOString()));
    return { principal, via: { kind: 'token', id: token.id }, tools: rights.tools, expires_at: token.expires_at };
  };

  const byAccessToken = async (token: string, tokens: AccessTokens, resource?: string): Promise<Authenticated> => {
    const claims = await tokens.verifyAccess(token, resource);
    const agent = await store.accountById(claims.client_id);
    if (claims.act.sub !== claims.client_id || agent?.kind !== 'agent') throw new Refused('claims');
    const account = await store.accountById(claims.sub);
    const { principal, rights } = await principalWith(account, await usable(agent), parseScope(claims.scope));
    return {
      principal: { ...principal, act: actorsOf(claims.act) },
      via: { kind: 'access_token', id: claims.jti },
      tools: rights.tools,
      expires_at: new Date(claims.exp * 1000).toISOString(),
    };
  };

  const byWorkload = async (token: string, identity: WorkloadIdentity): Promise<Authenticated> => {
    const { account, roles, rule, expires_at } = await identity.identify(token, usable);
    const { principal, rights } = await principalWith(account, { roles, groups: null, tools: null });
    return { principal, via: { kind: 'workload', rule }, tools: rights.tools, expires_at };
  };

  const isPast = (time: string) => clock.now().getTime() >= Date.parse(time);

  /** An account as a principal, with no more rights than each limit lets through; null in a limit: no limit. */
  const principalWith = async (account: Account | null, ...limits: readonly Limit[]) => {
    const own = await usable(account);
    const rights = intersect(
      own,
      ...limits.map((limit) => ({ ...limit, roles: limit.roles ?? own.roles, groups: limit.groups ?? own.groups })),
    );
    return { principal: { ...principalOf(account!), roles: [...rights.roles], groups: [...rights.groups] }, rights };
  };

  const attempt = async (bearer: string, resource?: string): Promise<Authenticated> => {
    const kind = secretKind(bearer);
    if (kind === 'session') return bySession(bearer);
    if (kind === 'token') return byToken(bearer);
    if (!looksLikeJwt(bearer)) throw new Refused('malformed');
    if (!accessTokens && !workload) throw new Refused('malformed');
    let way: 'access_token' | 'workload' = workload ? 'workload' : 'access_token';
    try {
      if (accessTokens && peekJwt(bearer).header.typ === ACCESS_TOKEN_TYPE) {
        way = 'access_token';
        return await byAccessToken(bearer, accessTokens, resource);
      }
      if (!workload) throw new Refused('type');
      return await byWorkload(bearer, workload);
    } catch (error) {
      // Whoever runs a workload cannot see why it is refused; who operates this house can.
      if (error instanceof Refused) await recordRefused(deps, way, error);
      throw error;
    }
  };

  return async (bearer, resource) => {
    try {
      return await attempt(bearer, resource);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      throw new PortreeveError('not_signed_in', 'The session or token is not valid, or no longer.', { cause: error });
    }
  };
}

type Limit = Pick<Rights, 'tools'> & { readonly [K in 'roles' | 'groups']: Rights[K] | null };
