/**
 * The reasoner's entrance, apart from `index.ts`: what it loads signs no grant and no head of the log, lets nobody sign in and
 * hears no verdict (requirement J2; `test/roles/import-graph.test.ts`).
 */
export { type ModelKeys, modelKeysOf } from './config/model.ts';
export { type ReasonerProcess, type ReasonerProcessOptions, startReasoner } from './roles/reasoner.ts';
