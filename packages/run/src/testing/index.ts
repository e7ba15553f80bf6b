export { type CrashAt, type MemoryDurable, memoryDurable } from './durable.ts';
export { type RunHarness, runHarness } from './harness.ts';
export { type LeaseStoreHarness, leaseStoreContract } from './lease-store-contract.ts';
export { memoryLeaseStore, memoryRunQueue, memoryRunStore } from './memory.ts';
export { type RunStoreHarness, runStoreContract } from './run-store-contract.ts';
