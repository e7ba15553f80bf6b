export type { GrantInfo } from './info.ts';
export { GRANT_REFUSALS, GrantKeysUnavailable, type GrantRefusal, GrantRefused } from './refused.ts';
export { memoryReplayStore, type ReplayStore } from './replay.ts';
export {
  createGrantVerifier,
  GRANT_HEADER,
  GRANT_TYPE,
  type GrantedCall,
  type GrantVerifier,
  type GrantVerifierOptions,
} from './verify-grant.ts';
