export { memoryAgentSessionStore } from './agent-session-store.ts';
export {
  type AgentSessionStoreHarness,
  agentSessionStoreContract,
} from './agent-session-store-contract.ts';
export { memoryEnvironmentStore } from './environment-store.ts';
export { type HandoffStoreHarness, handoffStoreContract, testHandoff } from './handoff-store-contract.ts';
export { type GateHarness, gateHarness, type HarnessProcess } from './harness.ts';
export { memoryHistoryStore } from './history-store.ts';
export { type HistoryStoreHarness, historyStoreContract } from './history-store-contract.ts';
export { memoryHandoffStore, memoryNoticeStore, memoryProposalStore } from './memory.ts';
export { type NoticeStoreHarness, noticeStoreContract } from './notice-store-contract.ts';
export { type ProposalStoreHarness, proposalStoreContract } from './proposal-store-contract.ts';
export { type UndoStoreHarness, undoStoreContract } from './undo-store-contract.ts';
export { memoryUndoStore, memoryUnwindingStore } from './undo-stores.ts';
