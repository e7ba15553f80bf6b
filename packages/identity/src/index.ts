export { type Accounts, accountNameSchema, type NewAccount, newAccountSchema } from './accounts.ts';
export { type Authenticate, type Authenticated, TOUCH_EVERY_S } from './authenticate.ts';
export { createIdentity, type Identity, type IdentityOptions } from './identity.ts';
export { LOCKOUT } from './lockout.ts';
export { PASSWORD_CHARS, passwordSchema } from './password.ts';
export type { Account, ApiToken, Attempts, IdentityStore, Session } from './ports.ts';
export { SECRET_PREFIXES } from './secret.ts';
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
export { type CreatedToken, type NewToken, TOKEN_TTL_MINUTES_MAX, type TokenInfo, type Tokens } from './tokens.ts';
