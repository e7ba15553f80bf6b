import {
  type Actor,
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type EnvironmentName,
  isPortreeveError,
  type Principal,
  type PrincipalId,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import { principalOf } from '../accounts.ts';
import type { Authenticate, Authenticated } from '../authenticate.ts';
import { looksLikeJwt, peekJwt } from '../compact-jwt.ts';
import type { AccessStore, AccountStore } from '../ports.ts';
import { type Refusal, Refused, recordRefused } from '../refusal.ts';
import { formatScope, intersect, parseScope, type Rights } from '../rights.ts';
import type { Usable } from '../usable.ts';
import type { AccessTokens } from './access-tokens.ts';
import { ACT_DEPTH_MAX, actClaimOf, DELEGATION_TYPE } from './claims.ts';
import { ACCESS_TOKEN_TTL_MAX_S } from './keys.ts';

export const EXCHANGE_GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
export const JWT_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:jwt';

const tokenSchema = z
  .string()
  .min(1)
  .max(16 * 1024);
const typeSchema = z.enum([ACCESS_TOKEN_TOKEN_TYPE, JWT_TOKEN_TYPE]);
/** RFC 8693, 2.1. Members that we do not know are ignored (RFC 6749, 3.2); one that comes twice is a list, and refused. */
const paramsSchema = z.object({
  subject_token: tokenSchema,
  subject_token_type: typeSchema,
  actor_token: tokenSchema,
  actor_token_type: typeSchema,
  requested_token_type: z.literal(ACCESS_TOKEN_TOKEN_TYPE).optional(),
  scope: z.string().max(4096).optional(),
  audience: z.string().max(2048).optional(),
  resource: z.string().max(2048).optional(),
});

export type ExchangeAnswer =
  | {
      readonly ok: true;
      readonly status: 200;
      /** RFC 8693, 2.2.1. Send it with `Cache-Control: no-store`. */
      readonly body: {
        readonly access_token: string;
        readonly issued_token_type: typeof ACCESS_TOKEN_TOKEN_TYPE;
        readonly token_type: 'Bearer';
        readonly expires_in: number;
        readonly scope: string;
      };
    }
  | {
      readonly ok: false;
      readonly status: 400;
      /** RFC 6749, 5.2, and RFC 8693, 2.2.2. */
      readonly body: {
        readonly error: 'invalid_request' | 'invalid_scope' | 'invalid_target' | 'unsupported_grant_type';
        readonly error_description: string;
      };
    };

export interface TokenExchange {
  /**
   * The token endpoint (RFC 8693): who a `subject_token` stands for, and an agent's own `actor_token`, give a short
   * access token for the agent acting for them. Its rights are what the subject's credential, the agent's registration
   * and `scope` all contain; it ends no later than either credential. A refusal is recorded, and its answer does not say
   * which credential failed.
   */
  exchangeToken(params: Readonly<Record<string, unknown>>): Promise<ExchangeAnswer>;
}

/** Who is acted for, as far as the exchange needs it. */
interface Subject {
  readonly principal: Principal;
  readonly rights: Rights;
  readonly expires_at: string;
  /** What else must hold in the transaction that makes the token. */
  claim(tx: Tx): Promise<void>;
}

export function createTokenExchange(deps: {
  store: AccountStore & AccessStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  environment: EnvironmentName;
  accessTokens: AccessTokens;
  authenticate: Authenticate;
  usable: Usable;
  /** Seconds that an access token lives, 1 to 900. Default: 300. */
  ttl_s?: number;
}): TokenExchange {
  const { store, uow, audit, clock, environment, accessTokens, usable, ttl_s = 300 } = deps;
  if (!Number.isInteger(ttl_s) || ttl_s < 1 || ttl_s > ACCESS_TOKEN_TTL_MAX_S)
    throw new TypeError(`ttl_s is from 1 to ${ACCESS_TOKEN_TTL_MAX_S}`);

  const authenticate = async (token: string): Promise<Authenticated> => {
    try {
      return await deps.authenticate(token);
    } catch (error) {
      if (isPortreeveError(error, 'not_signed_in')) throw new Refused('credential', { cause: error });
      throw error;
    }
  };

  const subjectOf = async (token: string, agent: PrincipalId): Promise<Subject> => {
    if (looksLikeJwt(token) && peekJwt(token).header.typ === DELEGATION_TYPE) {
      const claims = await accessTokens.verifyDelegation(token);
      if (claims.may_act.sub !== agent) throw new Refused('may_act', { about: agent });
      const account = await store.accountById(claims.sub);
      const own = await usable(account);
      return {
        principal: principalOf(account!),
        rights: intersect(own, parseScope(claims.scope)),
        expires_at: new Date(claims.exp * 1000).toISOString(),
        async claim(tx) {
          const until = new Date((claims.exp + ACCESS_TOKEN_TTL_MAX_S) * 1000).toISOString();
          if (!(await store.useOnce(tx, `delegation:${claims.jti}`, until)))
            throw new Refused('replayed', { about: agent });
        },
      };
    }
    const who = await authenticate(token);
    return {
      principal: who.principal,
      rights: rightsOf(who),
      expires_at: who.expires_at,
      claim: async () => undefined,
    };
  };

  const issue = async (
    iat: number,
    subject: Subject,
    agent: Authenticated,
    scope: string | undefined,
    target: string,
  ) => {
    const { principal } = subject;
    if (principal.kind === 'agent') throw new Refused('subject', { about: principal.id });
    const actor: Actor = { id: agent.principal.id, kind: 'agent' };
    const act = [actor, ...principal.act];
    if (act.length > ACT_DEPTH_MAX) throw new Refused('chain_too_long', { about: actor.id });
    const both = intersect(subject.rights, rightsOf(agent));
    const rights = scope === undefined ? both : intersect(both, parseScope(scope));
    if (rights.roles.length === 0 && (rights.tools ?? []).length === 0) throw new Refused('scope', { about: actor.id });

    const ends = [subject.expires_at, agent.expires_at].map((time) => Math.floor(Date.parse(time) / 1000));
    const exp = Math.min(iat + ttl_s, ...ends);
    if (exp <= iat) throw new Refused('expired', { about: actor.id });
    const granted = formatScope(rights);
    return uow.transaction(async (tx) => {
      await subject.claim(tx);
      const client_id = agent.principal.id;
      const claims = { sub: principal.id, client_id, act: actClaimOf(act), scope: granted, iat, exp };
      const signed = await accessTokens.signAccess(claims, target);
      await audit.append(tx, [
        draft({
          type: 'identity.token_exchanged',
          actor: actorOf({ ...principal, act }),
          data: {
            token: signed.id,
            subject: principal.id,
            agent: agent.principal.id,
            earlier: [...principal.act],
            scope_asked: scope ?? null,
            scope: granted,
            environment,
            expires_at: signed.expires_at,
          },
        }),
      ]);
      return { token: signed.token, expires_in: exp - iat, scope: granted };
    });
  };

  return {
    async exchangeToken(params) {
      if (params.grant_type !== EXCHANGE_GRANT_TYPE)
        return failed('unsupported_grant_type', 'Only token exchange (RFC 8693) is offered here.');
      const parsed = paramsSchema.safeParse(params);
      if (!parsed.success)
        return failed(
          'invalid_request',
          `Missing, repeated or unknown: ${[...new Set(parsed.error.issues.map(({ path }) => String(path[0])))].join(', ')}.`,
        );
      const { subject_token, actor_token, scope, audience, resource } = parsed.data;
      const ours = [accessTokens.audience, ...accessTokens.resources];
      const [target = accessTokens.audience, ...others] = [resource, audience].filter((each) => each !== undefined);
      if (!ours.includes(target) || others.some((other) => other !== target))
        return failed('invalid_target', `Tokens are made for one of ${ours.join(', ')}.`);
      // Taken before anything is looked up: what is revoked from now on also reaches the token that this makes.
      const iat = Math.floor(clock.now().getTime() / 1000);
      try {
        const agent = await authenticate(actor_token);
        // A token with which an agent acts for somebody is that somebody's, and cannot stand for the agent.
        if (agent.principal.kind !== 'agent') throw new Refused('credential', { about: agent.principal.id });
        const made = await issue(iat, await subjectOf(subject_token, agent.principal.id), agent, scope, target);
        return {
          ok: true,
          status: 200,
          body: {
            access_token: made.token,
            issued_token_type: ACCESS_TOKEN_TOKEN_TYPE,
            token_type: 'Bearer',
            expires_in: made.expires_in,
            scope: made.scope,
          },
        };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await recordRefused({ uow, audit }, 'exchange', error);
        return answerTo(error.reason);
      }
    },
  };
}

function rightsOf({ principal, tools }: Authenticated): Rights {
  return { roles: principal.roles, groups: principal.groups, tools };
}

function answerTo(reason: Refusal): ExchangeAnswer {
  return reason === 'scope'
    ? failed('invalid_scope', 'Nothing of what was asked for is held by both, or the scope is malformed.')
    : failed('invalid_request', 'The subject or the actor token is not valid for this.');
}

function failed(
  error: Extract<ExchangeAnswer, { ok: false }>['body']['error'],
  error_description: string,
): ExchangeAnswer {
  return { ok: false, status: 400, body: { error, error_description } };
}
