export type { ClosedAsAmended } from './amend.ts';
export { type ApprovalFilter, type Approvals, type ApprovalsOptions, createApprovals } from './approvals.ts';
export {
  type ApprovalDelegations,
  createApprovalDelegations,
  DELEGATION_DAYS_MAX,
  type DelegationDeps,
  type DelegationWish,
} from './delegations.ts';
export { SIGNED_AT_TOLERANCE_MS } from './judge.ts';
export { CHALLENGE_TTL_MS, type RequestOptions, type VerdictWish } from './passkeys/challenges.ts';
export {
  type BegunEnrolment,
  type Enrolment,
  enrolmentSchema,
} from './passkeys/enrol.ts';
export { createPasskeys, type Passkeys } from './passkeys/passkeys.ts';
export type { Challenge, Invitation, Passkey, PasskeyStore, RelyingParty } from './passkeys/ports.ts';
export { type GivenAssertion, givenAssertionSchema } from './passkeys/signed-verdict.ts';
export type {
  ApprovalQuery,
  ApprovalStore,
  DelegationStore,
  NudgeKind,
  Nudges,
  SignerDirectory,
  StoredApproval,
  StoredDelegation,
  StoredVerdict,
} from './ports.ts';
export type { Recheck } from './recheck.ts';
export type { ApprovalRequest } from './request.ts';
export { APPROVAL_EVENTS, APPROVAL_TABLE, type ApprovalEvent } from './state.ts';
export { signVerdict, type VerdictSigner, verifyVerdict } from './verdict.ts';
