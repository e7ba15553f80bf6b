export { createPolicyEngine, type PolicyEngine, type RuleSummary } from './engine.ts';
export { OPERATION_IDS, OPERATIONS, type Operation } from './operations.ts';
export { POLICY_SCHEMA } from './schema.ts';
export {
  baselinePolicies,
  combine,
  type PolicyLayers,
  type PolicySource,
  readPolicyFolder,
  type WorkflowPolicies,
} from './sources.ts';
