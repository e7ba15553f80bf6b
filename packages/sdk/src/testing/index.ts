export { type BadAnswer, refusedAnswer, repairedAnswer } from './answers.ts';
export type { TestPrompts } from './load-prompts.ts';
export type { TestOutcome } from './outcome.ts';
export { TestFault } from './test-context.ts';
export {
  type TestGate,
  type TestWish,
  testWorkflow,
  type WorkflowTest,
  type WorkflowTestResult,
} from './test-workflow.ts';
