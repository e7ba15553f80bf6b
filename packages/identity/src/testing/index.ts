export { memoryIdentityStore } from './memory.ts';
export { type IdentityStoreHarness, identityStoreContract } from './store-contract.ts';
