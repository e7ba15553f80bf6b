export { isRequestOf } from './digest.ts';
export {
  createPolicyEngine,
  type PolicyEngine,
  type PolicyEngineOptions,
  type RuleSummary,
} from './engine.ts';
export { type ExplainedRule, type Explanation, explain, type OutcomeChange } from './explain-request.ts';
export { declaredFacts } from './golden-facts.ts';
export { type GoldenRequest, type GoldenResult, runGoldenTests } from './golden-file.ts';
export { historyByTool } from './history.ts';
export type { Disagreement } from './judge.ts';
export { lintPolicies } from './lint.ts';
export {
  combineDeclared,
  type DeclaredTools,
  type DeclaredWorkflow,
  type DeclaringFile,
  findLoosening,
} from './loosening.ts';
export { matrix, type PlainOutcome, plainOutcomes } from './matrix.ts';
export { OPERATION_IDS, OPERATIONS, type Operation } from './operations.ts';
export type { Finding } from './problems.ts';
export { type RecordedDecision, type Replay, type ReplayedChange, replayDecisions } from './replay.ts';
export { POLICY_SCHEMA } from './schema.ts';
export {
  baselinePolicies,
  combine,
  POLICY_FILE_NAME,
  type PolicyLayers,
  type PolicySource,
  policyLayers,
  readPolicyFolder,
  together,
  type WorkflowPolicies,
} from './sources.ts';
