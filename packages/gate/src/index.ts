export {
  createEnvironment,
  type EnvironmentChange,
  type EnvironmentService,
  type EnvironmentStore,
  FREEZE_STAGES,
  FREEZE_TARGET,
} from './environment.ts';
export { createGate, type Gate, type GateDeps, type GateResult } from './gate.ts';
export { createHandoffs, type Handoffs, type HandoffWish } from './handoffs.ts';
export type { HistoryAnswers, HistoryEntry, HistoryQuestion, HistoryStore } from './history.ts';
export type {
  ApprovalService,
  EnvironmentReader,
  ExecutionService,
  HandoffFilter,
  HandoffStore,
  Notice,
  NoticeStore,
  ProposalPatch,
  ProposalStore,
  StoredProposal,
} from './ports.ts';
export { PROPOSAL_EVENTS, PROPOSAL_TABLE, type ProposalEvent } from './states.ts';
export type { Wish } from './wish.ts';
