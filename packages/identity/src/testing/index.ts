export { type FakeIssuer, fakeIssuer } from './issuer.ts';
export { memoryIdentityStore } from './memory.ts';
export { type IdentityStoreHarness, identityStoreContract } from './store-contract.ts';
