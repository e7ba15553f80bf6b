import type {
  Clearance,
  EnvironmentName,
  ListOrder,
  PrincipalId,
  Role,
  SessionId,
  TokenId,
  Tx,
} from '@portreeve/contract';
import type { AgentState } from './agents/states.ts';
import type { SigningKey } from './signing-key.ts';

export interface Account {
  readonly id: PrincipalId;
  readonly name: string;
  readonly kind: 'person' | 'service' | 'agent';
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  /** PHC string; null where the account has no password and so cannot sign in with one. */
  readonly password_hash: string | null;
  readonly signing_key: SigningKey | null;
  /** The identity provider and its name for this person; null for a local account. Never changed. */
  readonly external: ExternalSubject | null;
  readonly created_at: string;
}

/** Who somebody is at an identity provider. The same `subject` at another issuer is somebody else. */
export interface ExternalSubject {
  readonly issuer: string;
  readonly subject: string;
}

/** A page of a list. Left out, the order is that of ids. */
export interface IdentityPage<Order> {
  readonly limit: number;
  readonly after: PrincipalId | null;
  readonly order?: Order | undefined;
}
export type AccountOrder = ListOrder<'id' | 'name'>;
export type AgentOrder = ListOrder<'id' | 'state' | 'review_by'>;

export interface Session {
  readonly id: SessionId;
  readonly account: PrincipalId;
  readonly environment: EnvironmentName;
  readonly secret_hash: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
  /** When its person last proved who they are, by a password or as the identity provider says; null: nobody has said. */
  readonly proven_at: string | null;
}

export interface ApiToken {
  readonly id: TokenId;
  readonly account: PrincipalId;
  readonly environment: EnvironmentName;
  readonly label: string;
  readonly roles: readonly Role[];
  /** The tools that it is good for; null: all that policy permits to the account. */
  readonly tools: readonly string[] | null;
  readonly secret_hash: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  /** Within some minutes; see `TOUCH_EVERY_S`. */
  readonly last_used_at: string | null;
  /** The token that was made in its place. */
  readonly replaced_by: TokenId | null;
}

/** Sign-in attempts on one name since the last success, whether or not there is such an account. */
export interface Attempts {
  readonly name: string;
  readonly failures: number;
  readonly last_at: string;
  readonly locked_until: string | null;
}

/** A sign-in at the identity provider that has begun: what the answer must match. */
export interface BegunSignIn {
  /** SHA-256 of `state`. */
  readonly state_hash: string;
  /** SHA-256 of the cookie's value: the answer must come back to the browser that began. */
  readonly browser_hash: string;
  readonly nonce: string;
  readonly code_verifier: string;
  readonly expires_at: string;
}

/** A registered non-human identity (requirement B5). Its account has the same id, the kind `agent` and its roles. */
export interface AgentRecord {
  readonly id: PrincipalId;
  readonly owner: PrincipalId;
  readonly purpose: string;
  readonly tools: readonly string[];
  /** The most secret data that it may see. */
  readonly data: Clearance;
  readonly environment: EnvironmentName;
  readonly state: AgentState;
  readonly review_by: string;
  readonly created_at: string;
  readonly changed_at: string;
}

/** `jti`: one token; `subject`, `agent`: every token for, or used by, that principal. */
export interface Revocation {
  readonly kind: 'jti' | 'subject' | 'agent';
  readonly value: string;
}

/** The public half of a key that signs access tokens, as other processes know it. */
export interface PublishedKey {
  readonly kid: string;
  /** Of its JWK (RFC 8037). */
  readonly x: string;
  readonly environment: EnvironmentName;
  /** It signs nothing after this, unless it is published again. */
  readonly not_after: string;
  /** The process that published it last. */
  readonly instance: string;
}

/** Times are RFC 3339 in UTC with milliseconds. A method that takes a `Tx` sees what that transaction wrote. */
export interface AccountStore {
  /** False, and nothing written, where the name, the public signing key or the external subject is taken. */
  insertAccount(tx: Tx, account: Account): Promise<boolean>;
  accountById(id: PrincipalId): Promise<Account | null>;
  accountByName(name: string): Promise<Account | null>;
  accountBySubject(subject: ExternalSubject): Promise<Account | null>;
  /** By id, ascending, after `after`. */
  listAccounts(page: IdentityPage<AccountOrder>): Promise<Account[]>;
  /** False, and nothing written, where the account has a key or the key has an account. */
  setSigningKey(tx: Tx, id: PrincipalId, key: SigningKey): Promise<boolean>;
  setRights(tx: Tx, id: PrincipalId, rights: { roles: readonly Role[]; groups: readonly string[] }): Promise<void>;
}

export interface SessionStore {
  insertSession(tx: Tx, session: Session): Promise<void>;
  sessionByHash(secret_hash: string): Promise<Session | null>;
  sessionById(id: SessionId): Promise<Session | null>;
  /** Of one account, neither ended nor expired at `now`, by id, ascending. */
  listSessions(account: PrincipalId, now: string): Promise<Session[]>;
  /** Moves `proven_at` of a session that is open. False where it has ended. */
  proveSession(tx: Tx, id: SessionId, at: string): Promise<boolean>;
  /** False where it had ended before. */
  endSession(tx: Tx, id: SessionId, at: string): Promise<boolean>;
  /** Ends all of one account; gives those that had not ended, by id, ascending. */
  endSessionsOf(tx: Tx, account: PrincipalId, at: string): Promise<SessionId[]>;
}

export interface TokenStore {
  insertToken(tx: Tx, token: ApiToken): Promise<void>;
  tokenByHash(secret_hash: string): Promise<ApiToken | null>;
  tokenById(id: TokenId): Promise<ApiToken | null>;
  /** Of one account, by id, ascending. */
  listTokens(account: PrincipalId): Promise<ApiToken[]>;
  /** Neither revoked, replaced nor expired at `now`, made before `since` and not used since then; by id, at most 200. */
  listUnusedTokens(since: string, now: string): Promise<ApiToken[]>;
  /** False where it was revoked before. */
  revokeToken(tx: Tx, id: TokenId, at: string): Promise<boolean>;
  /** Revokes all of one account; gives those that had not been revoked, by id, ascending. */
  revokeTokensOf(tx: Tx, account: PrincipalId, at: string): Promise<TokenId[]>;
  /** Names the successor and brings the end forward. False where it was revoked or replaced before. */
  replaceToken(tx: Tx, id: TokenId, by: { replaced_by: TokenId; expires_at: string }): Promise<boolean>;
  /** Moves `last_used_at` forward, never back. */
  touchToken(tx: Tx, id: TokenId, at: string): Promise<void>;
}

export interface AttemptStore {
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

export interface BegunSignInStore {
  insertBegunSignIn(tx: Tx, begun: BegunSignIn): Promise<void>;
  /** Gives it and forgets it: of two that ask at once, one gets it. */
  takeBegunSignIn(tx: Tx, state_hash: string): Promise<BegunSignIn | null>;
  forgetBegunSignIns(tx: Tx, before: string): Promise<number>;
}

export interface AgentStore {
  /** The account of the same id must be there. */
  insertAgent(tx: Tx, agent: AgentRecord): Promise<void>;
  agentById(id: PrincipalId): Promise<AgentRecord | null>;
  /** Locked until the transaction ends. */
  lockAgent(tx: Tx, id: PrincipalId): Promise<AgentRecord | null>;
  /** Writes state, review date and time of change; nothing else of an agent changes. */
  saveAgent(tx: Tx, agent: AgentRecord): Promise<void>;
  /** By id, ascending, after `after`. */
  listAgents(page: IdentityPage<AgentOrder>): Promise<AgentRecord[]>;
  /** Active with a review date at or before `now`, by id, ascending. */
  agentsToReview(now: string, limit: number): Promise<PrincipalId[]>;
}

export interface AccessStore {
  /** Refuses what was issued up to `at`; a later time replaces an earlier one, never the other way. */
  revokeAccess(tx: Tx, revocation: Revocation, at: string): Promise<void>;
  /** The latest time at which one of these was revoked, or null. */
  accessRevokedAt(revocations: readonly Revocation[]): Promise<string | null>;
  forgetRevocations(tx: Tx, before: string): Promise<number>;
  /** False where this key was used before: of two that ask at once, one gets true. */
  useOnce(tx: Tx, key: string, expires_at: string): Promise<boolean>;
  forgetUsed(tx: Tx, before: string): Promise<number>;
}

export interface AccessKeyStore {
  /**
   * Adds it, or moves `not_after` and `instance` of the same key. False, and nothing written, where the id is of another key or
   * environment.
   */
  publishKey(tx: Tx, key: PublishedKey): Promise<boolean>;
  /** Of one environment, with `not_after` later than `after` and not later than `until`; the latest first, then by id. */
  publishedKeys(
    environment: EnvironmentName,
    window: { readonly after: string; readonly until: string },
    limit: number,
  ): Promise<PublishedKey[]>;
  /** Withdraws those with `not_after` at `before` or earlier; returns how many. */
  withdrawKeys(tx: Tx, before: string): Promise<number>;
}

/** Where identity keeps what it knows. */
export interface IdentityStore
  extends AccountStore,
    SessionStore,
    TokenStore,
    AttemptStore,
    BegunSignInStore,
    AgentStore,
    AccessStore,
    AccessKeyStore {}
