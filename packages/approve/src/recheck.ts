import { type PrincipalId, type Proposal, proposalDigest } from '@portreeve/contract';
import { requestersOf, SIGNED_AT_TOLERANCE_MS } from './judge.ts';
import type { SignerDirectory, StoredApproval, StoredVerdict } from './ports.ts';
import { verifyVerdict } from './verdict.ts';

export interface Recheck {
  readonly valid: boolean;
  /** Distinct people whose signature on exactly this proposal was verified now; empty unless `valid`. */
  readonly approvers: readonly PrincipalId[];
  /** The approval's groups that those people stood for; empty unless `valid`. */
  readonly groups: readonly string[];
}

const INVALID: Recheck = { valid: false, approvers: [], groups: [] };

/**
 * Judges a stored approval again, at the moment of use (SPEC.md, 9): what was read back from a store is not believed
 * because it was checked once. One verdict that does not hold makes the whole invalid.
 */
export async function recheckStored(
  approval: StoredApproval,
  proposal: Proposal,
  signers: SignerDirectory,
): Promise<Recheck> {
  if (approval.state !== 'approved') return INVALID;
  if (approval.proposal !== proposal.id || approval.proposal_digest !== proposalDigest(proposal)) return INVALID;
  const requesters = requestersOf(proposal);
  const approvers = new Set<PrincipalId>();
  const groups = new Set<string>();
  for (const verdict of approval.verdicts) {
    const { approver } = verdict.signed.statement;
    if (requesters.includes(approver) || approvers.has(approver)) return INVALID;
    if (!approves(approval, verdict, await signers.publicKeyOf(approver))) return INVALID;
    approvers.add(approver);
    for (const group of verdict.groups) if (approval.groups.includes(group)) groups.add(group);
  }
  if (approvers.size < approval.quorum || groups.size === 0) return INVALID;
  return { valid: true, approvers: [...approvers], groups: [...groups].sort() };
}

function approves(approval: StoredApproval, { signed }: StoredVerdict, registered_key: string | null): boolean {
  const { statement } = signed;
  const signed_at = Date.parse(statement.signed_at);
  return (
    statement.verdict === 'approve' &&
    statement.approval === approval.id &&
    statement.proposal === approval.proposal &&
    statement.proposal_digest === approval.proposal_digest &&
    statement.decision === approval.decision &&
    (statement.preview_digest ?? null) === approval.preview_digest &&
    signed_at >= Date.parse(approval.created_at) - SIGNED_AT_TOLERANCE_MS &&
    signed_at <= Date.parse(approval.expires_at) + SIGNED_AT_TOLERANCE_MS &&
    signed.public_key === registered_key &&
    verifyVerdict(signed)
  );
}
