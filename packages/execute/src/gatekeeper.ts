/**
 * The gatekeeper's half: it signs grants and sees what became of them. It is apart from the executor's half (`index.ts`), so
 * that a process that uses grants has nothing loaded that makes one (requirement F7).
 */
export { carryApart } from './carry-apart.ts';
export { createGrants, type Grants } from './grants.ts';
export { createGrantIssuer, type GrantIssuer } from './issue-grant.ts';
export { createRecovery } from './recover.ts';
