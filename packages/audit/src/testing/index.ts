export { type AnchorStoreUnderTest, anchorStoreContract } from './anchor-contract.ts';
export {
  appendNotes,
  noteDraft,
  TEST_ACTOR,
  TEST_ORIGIN,
  TEST_START,
  testAuditLog,
  testAuditLogs,
} from './fixtures.ts';
export { memoryAnchor } from './memory-anchor.ts';
export { memoryKeyStore, memoryKeys, memoryKeyWrapper, testKeys } from './memory-keys.ts';
export { memoryAuditStore } from './memory-store.ts';
export { memoryWitness } from './memory-witness.ts';
export { type AuditStoreUnderTest, auditStoreContract } from './store-contract.ts';
