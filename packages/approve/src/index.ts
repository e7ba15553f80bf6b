export { type ApprovalFilter, type Approvals, type ApprovalsOptions, createApprovals } from './approvals.ts';
export { approversOf } from './decide.ts';
export { requestersOf, SIGNED_AT_TOLERANCE_MS } from './judge.ts';
export type { ApprovalQuery, ApprovalStore, SignerDirectory, StoredApproval, StoredVerdict } from './ports.ts';
export type { Recheck } from './recheck.ts';
export type { ApprovalRequest } from './request.ts';
export { APPROVAL_EVENTS, APPROVAL_TABLE, type ApprovalEvent } from './state.ts';
export { signVerdict, type VerdictSigner, verifyVerdict } from './verdict.ts';
