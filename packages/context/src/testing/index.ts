export { paragraph, run, textAt, writeDocx, writeMail, writePdf } from '../ingest/testing/index.ts';
export { type ContextStoreFixture, contextStoreContract } from './context-store-contract.ts';
export { memoryContextStore, memorySecretReader } from './memory-context-store.ts';
export { CANARY, type SourceReaderFixture, type SourceShape, sourceReaderContract } from './source-reader-contract.ts';
