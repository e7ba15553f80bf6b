export type { TestOutcome } from './outcome.ts';
export {
  type TestGate,
  type TestWish,
  testWorkflow,
  type WorkflowTest,
  type WorkflowTestResult,
} from './test-workflow.ts';
