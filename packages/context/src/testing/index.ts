export { paragraph, run, textAt, writeDocx, writeMail, writePdf } from '../ingest/testing/index.ts';
export { type ContextStoreFixture, contextStoreContract } from './context-store-contract.ts';
export {
  type ClassifierBehaviour,
  type ClassifierFixture,
  injectionClassifierContract,
} from './injection-classifier-contract.ts';
export { memoryContextStore, memorySecretReader } from './memory-context-store.ts';
export { memoryPseudonymVault } from './memory-pseudonym-vault.ts';
export { type PersonalRecogniserFixture, personalRecogniserContract } from './personal-recogniser-contract.ts';
export { type PseudonymVaultFixture, pseudonymVaultContract } from './pseudonym-vault-contract.ts';
export { CANARY, type SourceReaderFixture, type SourceShape, sourceReaderContract } from './source-reader-contract.ts';
