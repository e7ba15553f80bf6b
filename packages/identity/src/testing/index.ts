export { type FakeIssuer, fakeIssuer } from './issuer.ts';
export { memoryIdentityStore } from './memory.ts';
export { CLIENT, type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';
export { type IdentityStoreHarness, identityStoreContract } from './store-contract.ts';
