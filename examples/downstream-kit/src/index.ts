export type { Call, Reply, Route } from './app.ts';
export { bearerCheck } from './bearer.ts';
export { type GrantGate, type GrantUsed, grantGate, rememberGrants } from './grants.ts';
export { type Journal, openJournal } from './journal.ts';
export { Problem } from './problem.ts';
export { type Given, type Serving, serveDownstream } from './serve.ts';
