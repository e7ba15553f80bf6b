/** Runs the tests of workflows. Apart from `index.ts` of the server: fakes stand in here that no running server loads. */
export { junitOf } from './junit.ts';
export { runWorkflowTests, type TestedWorkflow, type TestOptions } from './run-tests.ts';
