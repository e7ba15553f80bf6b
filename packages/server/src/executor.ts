/**
 * The executor's entrance, apart from `index.ts`: what it loads holds no model, no policy, and nothing that signs a grant or
 * a head of the log (requirement F7; `test/roles/import-graph.test.ts`).
 */
export { executorThumbprint, grantKey } from './config/keys.ts';
export { type ExecutorProcess, startExecutor } from './roles/executor.ts';
