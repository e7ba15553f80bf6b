export type { TestOutcome } from './outcome.ts';
export { testWorkflow, type WorkflowTest, type WorkflowTestResult } from './test-workflow.ts';
