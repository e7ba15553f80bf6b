export { type Accounts, type NewAccount, newAccountSchema } from './accounts.ts';
export {
  AGENT_ROLES,
  type Agent,
  type AgentChange,
  type AgentHooks,
  type AgentMove,
  type Agents,
  agentChangeSchema,
  type NewAgent,
  newAgentSchema,
  REVIEW_DAYS_MAX,
} from './agents/agents.ts';
export { AGENT_EVENTS, AGENT_STATES, AGENT_TABLE, type AgentEvent, type AgentState } from './agents/states.ts';
export { type Authenticate, type Authenticated, TOUCH_EVERY_S } from './authenticate.ts';
export type { Fetch } from './bounded-fetch.ts';
export { JWT_CHARS_MAX } from './compact-jwt.ts';
export { type AccessTokenOptions, type AccessTokens, createAccessTokens } from './delegation/access-tokens.ts';
export {
  ACCESS_TOKEN_TYPE,
  ACT_DEPTH_MAX,
  type AccessClaims,
  DELEGATION_TYPE,
} from './delegation/claims.ts';
export type { Delegations, NewDelegation } from './delegation/delegate.ts';
export {
  ACCESS_TOKEN_TOKEN_TYPE,
  EXCHANGE_GRANT_TYPE,
  type ExchangeAnswer,
  JWT_TOKEN_TYPE,
  type TokenExchange,
} from './delegation/exchange.ts';
export { ACCESS_TOKEN_TTL_MAX_S, type AccessTokenKey } from './delegation/keys.ts';
export { accessKeyId, PUBLISHED_KEYS } from './delegation/published-keys.ts';
export { createIdentity, type Identity, type IdentityOptions } from './identity.ts';
export { JWKS_LIMITS, WORKLOAD_ALGORITHMS } from './jwks.ts';
export { LOCKOUT } from './lockout.ts';
export { createOidcSignIn, OIDC_SIGN_IN_MINUTES, type OidcSignIn, type OidcSignInOptions } from './oidc/sign-in.ts';
export { PASSWORD_CHARS, passwordSchema } from './password.ts';
export type {
  Account,
  AgentRecord,
  ApiToken,
  Attempts,
  BegunSignIn,
  ExternalSubject,
  IdentityStore,
  PublishedKey,
  Revocation,
  Session,
} from './ports.ts';
export { REFUSALS, type Refusal } from './refusal.ts';
export { SECRET_PREFIXES } from './secret.ts';
export type { SessionInfo, Sessions } from './sessions.ts';
export type { Credentials, SignedIn, SignIn } from './sign-in.ts';
export {
  makeSigningKey,
  publicKeySchema,
  type Signer,
  type SigningKey,
  signingKeySchema,
  unlockSigningKey,
  type WrappedKey,
  wrappedKeySchema,
} from './signing-key.ts';
export type { Subject, Subjects } from './subject.ts';
export {
  type CreatedToken,
  type NewToken,
  TOKEN_OVERLAP_MINUTES_MAX,
  TOKEN_TTL_MINUTES_MAX,
  type TokenInfo,
  type Tokens,
} from './tokens.ts';
export { createWorkloadIdentity, type WorkloadIdentity, type WorkloadOptions } from './workload/workload.ts';
