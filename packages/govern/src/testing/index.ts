export { memoryChangeStore, memorySurfaceStore } from './change-store.ts';
export { changeStoreContract } from './change-store-contract.ts';
export { memoryPilotStore } from './pilot-store.ts';
export { pilotStoreContract } from './pilot-store-contract.ts';
export { memoryReleaseStore } from './release-store.ts';
export { releaseStoreContract } from './release-store-contract.ts';
export { CONTRACT } from './workflow.ts';
