import type { AuditWriter, Clock, UnitOfWork } from '@portreeve/contract';
import { type Accounts, createAccounts } from './accounts.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import type { IdentityStore } from './ports.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import { createTokens, type Tokens } from './tokens.ts';

export interface IdentityOptions {
  readonly store: IdentityStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  /** How long a session lives, whether used or not. Default: 12 hours. */
  readonly session_ttl_minutes?: number;
}

export interface Identity extends Accounts, SignIn, Tokens {
  readonly authenticate: Authenticate;
}

/** Who asks (requirements B1, B2): credentials to a principal. Every change of state commits with its record. */
export function createIdentity(options: IdentityOptions): Identity {
  const { session_ttl_minutes = 12 * 60, ...deps } = options;
  return {
    ...createAccounts(deps),
    ...createSignIn({ ...deps, session_ttl_minutes }),
    ...createTokens(deps),
    authenticate: createAuthenticate(deps),
  };
}
