import { asId, type GrantClaims, type RecordRefs } from '@portreeve/contract';

/** What a record about this grant refers to. */
export function grantRefs(claims: GrantClaims): RecordRefs {
  return {
    ...(claims.txn.startsWith('run_') ? { run: asId('run', claims.txn) } : {}),
    workflow: claims.tctx.workflow,
    release: claims.tctx.release,
    proposal: claims.tctx.proposal,
    decision: claims.tctx.decision,
    ...(claims.tctx.approvals[0] ? { approval: claims.tctx.approvals[0] } : {}),
    grant: claims.jti,
    tool: claims.scope,
    policy_version: claims.tctx.policy_version,
  };
}
