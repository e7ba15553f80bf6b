/** Tests of other packages make and read tokens with these, and need no dependency of their own for it. */
export {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
export { type FakeIssuer, fakeIssuer } from './issuer.ts';
export { memoryIdentityStore } from './memory.ts';
export { type IdentityStoreHarness, identityStoreContract } from './store-contract.ts';
