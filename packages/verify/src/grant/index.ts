export { type FetchOptions, withGrant } from './fetch.ts';
export { type Granted, type GrantedTool, grantOf, joinArguments } from './granted.ts';
export type { GrantInfo } from './info.ts';
export { type GrantProblem, problemOf } from './problem.ts';
export { type GrantRequest, PROOF_HEADER } from './proof.ts';
export { GrantKeysUnavailable, type GrantRefusal, GrantRefused } from './refused.ts';
export { memoryReplayStore, type ReplayStore } from './replay.ts';
export {
  createGrantVerifier,
  GRANT_HEADER,
  GRANT_TYPE,
  type GrantedCall,
  type GrantVerifier,
  type GrantVerifierOptions,
} from './verify-grant.ts';
