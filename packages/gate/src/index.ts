export {
  createEnvironment,
  type EnvironmentChange,
  type EnvironmentService,
  type EnvironmentStore,
  FREEZE_STAGES,
  FREEZE_TARGET,
} from './environment.ts';
export { type Document, type ExplainedArgument, explainArguments, type Passage } from './explain.ts';
export { createGate, type Gate, type GateDeps } from './gate.ts';
export { ANSWER, type Finish } from './handoff-result.ts';
export { HANDOFF_EVENTS, HANDOFF_TABLE, type HandoffEvent } from './handoff-states.ts';
export { createHandoffs, type Handoffs, type HandoffWish, procedureFor } from './handoffs.ts';
export type { HistoryAnswers, HistoryEntry, HistoryQuestion, HistoryStore } from './history.ts';
export { withDeadline } from './judge.ts';
export { ownerDigest } from './outside/live-session.ts';
export {
  createOutside,
  type Followed,
  type Outside,
  type OutsideAnswer,
  type OutsideAsk,
  type OutsideDeps,
  type SessionView,
  type Toolset,
} from './outside/outside.ts';
export type {
  AgentSessionHead,
  AgentSessionStore,
  SessionOwner,
  StoredAgentCall,
  StoredAgentSession,
} from './outside/ports.ts';
export { type PlantedRuns, plantingGate } from './planted.ts';
export type {
  ApprovalService,
  EnvironmentReader,
  ExecutionService,
  HandoffFilter,
  HandoffPatch,
  HandoffStore,
  Notice,
  NoticeStore,
  PlantedMarks,
  ProposalPatch,
  ProposalStore,
  Service,
  StoredProposal,
} from './ports.ts';
export { refsOf } from './records.ts';
export { errorMessage, type ResultMessage, resultFrom, resultMessage } from './remote/result-message.ts';
export { type KnownOfWish, type WishMessage, wishFrom, wishMessage } from './remote/wish-message.ts';
export type { GateResult } from './result.ts';
export { type AgentSession, agentSession } from './session/agent-session.ts';
export { type Foreseen, foresee } from './session/foresee.ts';
export { type Intent, intentSchema } from './session/intent.ts';
export { openSession, restoreSession, SESSION_LIMITS } from './session/session.ts';
export {
  SESSION_EVENTS,
  SESSION_STATES,
  SESSION_TABLE,
  type SessionEvent,
  type SessionState,
} from './session/states.ts';
export type { Judged, Observation, QuarantinedAnswer, Session, SessionSnapshot } from './session/types.ts';
export { type Finding, learnFromPerson } from './settle/learn-from-person.ts';
export { PROPOSAL_EVENTS, PROPOSAL_TABLE, type ProposalEvent } from './states.ts';
export type { StoredUndo, StoredUnwinding, UndoStore, UnwindingStore } from './undo/ports.ts';
export {
  UNDO_EVENTS,
  UNDO_TABLE,
  UNWIND_EVENTS,
  UNWIND_TABLE,
  type UndoEvent,
  type UnwindEvent,
} from './undo/states.ts';
export { createUndos, type UndoAsk, type Undos, type UndoView } from './undo/undo.ts';
export { createUnwindings, type UnwindAsk, type Unwindings, unwindOutcome } from './undo/unwind.ts';
export { requestOf, type Wish } from './wish.ts';
