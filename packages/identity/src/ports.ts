import type { PrincipalId, Role, SessionId, TokenId, Tx } from '@portreeve/contract';
import type { SigningKey } from './signing-key.ts';

export interface Account {
  readonly id: PrincipalId;
  readonly name: string;
  readonly kind: 'person' | 'service';
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  /** PHC string; null where the account has no password and so cannot sign in. */
  readonly password_hash: string | null;
  readonly signing_key: SigningKey | null;
  readonly created_at: string;
}

export interface Session {
  readonly id: SessionId;
  readonly account: PrincipalId;
  readonly secret_hash: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
}

export interface ApiToken {
  readonly id: TokenId;
  readonly account: PrincipalId;
  readonly label: string;
  readonly roles: readonly Role[];
  readonly secret_hash: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  /** Within some minutes; see `TOUCH_EVERY_S`. */
  readonly last_used_at: string | null;
}

/** Sign-in attempts on one name since the last success, whether or not there is such an account. */
export interface Attempts {
  readonly name: string;
  readonly failures: number;
  readonly last_at: string;
  readonly locked_until: string | null;
}

/** Where identity keeps accounts, sessions, tokens and attempts. Times are RFC 3339 in UTC with milliseconds. */
export interface IdentityStore {
  /** False, and nothing written, where the name or the public signing key is taken. */
  insertAccount(tx: Tx, account: Account): Promise<boolean>;
  accountById(id: PrincipalId): Promise<Account | null>;
  accountByName(name: string): Promise<Account | null>;
  /** By id, ascending, after `after`. */
  listAccounts(page: { limit: number; after: PrincipalId | null }): Promise<Account[]>;

  insertSession(tx: Tx, session: Session): Promise<void>;
  sessionByHash(secret_hash: string): Promise<Session | null>;
  /** False where it had ended before. */
  endSession(tx: Tx, id: SessionId, at: string): Promise<boolean>;

  insertToken(tx: Tx, token: ApiToken): Promise<void>;
  tokenByHash(secret_hash: string): Promise<ApiToken | null>;
  tokenById(id: TokenId): Promise<ApiToken | null>;
  /** Of one account, by id, ascending. */
  listTokens(account: PrincipalId): Promise<ApiToken[]>;
  /** False where it was revoked before. */
  revokeToken(tx: Tx, id: TokenId, at: string): Promise<boolean>;
  /** Moves `last_used_at` forward, never back. */
  touchToken(tx: Tx, id: TokenId, at: string): Promise<void>;

  /**
   * The attempts on a name, locked until the transaction ends: a second caller waits. A name without attempts gets
   * `failures: 0` and `last_at: now`.
   */
  lockAttempts(tx: Tx, name: string, now: string): Promise<Attempts>;
  saveAttempts(tx: Tx, attempts: Attempts): Promise<void>;
  clearAttempts(tx: Tx, name: string): Promise<void>;
  /** Forgets what is older and no longer locked; returns how many names. */
  forgetAttempts(tx: Tx, before: string): Promise<number>;
}
