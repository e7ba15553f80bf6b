import type { AuditWriter, Clock, EnvironmentName, UnitOfWork } from '@portreeve/contract';
import { type Accounts, createAccounts } from './accounts.ts';
import { type AgentHooks, type Agents, createAgents } from './agents/agents.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import type { AccessTokens } from './delegation/access-tokens.ts';
import { createDelegations, type Delegations } from './delegation/delegate.ts';
import { createTokenExchange, type TokenExchange } from './delegation/exchange.ts';
import type { IdentityStore } from './ports.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import { createSubjects, type Subjects } from './subject.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { usableAccounts } from './usable.ts';
import type { WorkloadIdentity } from './workload/workload.ts';

export interface IdentityOptions {
  readonly store: IdentityStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  /** The one environment of this server: sessions and tokens of another are refused. Default: development. */
  readonly environment?: EnvironmentName;
  /** Whether people may have local accounts and sign in with passwords. Default: everywhere but in production. */
  readonly allowLocalAccounts?: boolean;
  /** How long a session lives, whether used or not. Default: 12 hours. */
  readonly session_ttl_minutes?: number;
  /** Our own access tokens: without them there is no delegation. */
  readonly accessTokens?: AccessTokens;
  /** Seconds that an access token lives. Default: 300. */
  readonly access_token_ttl_s?: number;
  readonly workload?: WorkloadIdentity;
  readonly agentHooks?: AgentHooks;
}

export interface Identity extends Accounts, SignIn, Sessions, Tokens, Agents, Subjects {
  readonly authenticate: Authenticate;
  /** Null without `accessTokens`. */
  readonly delegation: (TokenExchange & Delegations) | null;
}

/** Who asks (requirements B1 to B6): credentials to a principal. Every change of state commits with its record. */
export function createIdentity(options: IdentityOptions): Identity {
  const { store, uow, audit, clock, accessTokens, workload, agentHooks } = options;
  const { environment = 'development', session_ttl_minutes = 12 * 60, access_token_ttl_s } = options;
  const allowLocalAccounts = options.allowLocalAccounts ?? environment !== 'production';
  if (accessTokens && accessTokens.environment !== environment)
    throw new TypeError('the access tokens belong to another environment');
  const deps = { store, uow, audit, clock, environment, allowLocalAccounts };
  const usable = usableAccounts(deps);
  const authenticate = createAuthenticate({ ...deps, usable, accessTokens, workload });
  const ttl = access_token_ttl_s === undefined ? {} : { ttl_s: access_token_ttl_s };
  return {
    ...createAccounts(deps),
    ...createSignIn({ ...deps, session_ttl_minutes }),
    ...createSessions(deps),
    ...createTokens(deps),
    ...createSubjects({ store, usable }),
    ...createAgents({ ...deps, agentHooks }),
    authenticate,
    delegation: accessTokens
      ? {
          ...createTokenExchange({ ...deps, ...ttl, accessTokens, authenticate, usable }),
          ...createDelegations({ ...deps, accessTokens, usable }),
        }
      : null,
  };
}
