import { PortreeveError, type Principal, type Proposal, type SignedVerdict, signsAsWellAs } from '@portreeve/contract';
import type { CheckedSignature } from './check-signature.ts';
import type { StoredApproval } from './ports.ts';

/** How far a signer's clock may be from ours. */
export const SIGNED_AT_TOLERANCE_MS = 10 * 60_000;

const NAMES = {
  key: 'a signature',
  passkey: 'a passkey',
  device_bound: 'a passkey that cannot leave its device',
} as const;

/** Everybody in the request's `act` chain: none of them may approve it. */
export function requestersOf(proposal: Proposal): string[] {
  return [...new Set([proposal.principal.id, ...proposal.principal.act.map((actor) => actor.id)])];
}

/** Through which of the approval's groups a person may decide. */
export function groupsOf(approval: Pick<StoredApproval, 'groups'>, by: Principal): string[] {
  return approval.groups.filter((group) => by.groups.includes(group));
}

export function isOverdue(approval: Pick<StoredApproval, 'expires_at'>, now: Date): boolean {
  return now.getTime() >= Date.parse(approval.expires_at);
}

/** Why a verdict on a pending approval does not count, or null where it does. Nothing is changed here. */
export function refusalOf(
  approval: StoredApproval,
  signed: SignedVerdict,
  by: Principal,
  known: { signature: CheckedSignature; now: Date },
): PortreeveError | null {
  const { statement } = signed;
  if (statement.approver !== by.id)
    return new PortreeveError('bad_signature', 'The verdict was signed in another person\u2019s name.');
  // An agent that acts for an approver is not the approver: a verdict comes from the person's own hand.
  if (by.kind !== 'person' || by.act.length > 0)
    return new PortreeveError('approver_not_eligible', 'A verdict is given by a person, directly.');
  if (approval.requesters.includes(by.id))
    return new PortreeveError('approver_is_requester', 'You asked for this, or it was asked in your name.');
  if (groupsOf(approval, by).length === 0)
    return new PortreeveError('approver_not_eligible', `It is for members of: ${approval.groups.join(', ')}.`);
  if (!by.roles.includes('approver'))
    return new PortreeveError('approver_not_eligible', 'You do not have the role approver.', {
      next: 'Ask an approver who is a member of the groups named in the approval.',
    });
  if (
    statement.proposal_digest !== approval.proposal_digest ||
    statement.proposal !== approval.proposal ||
    statement.decision !== approval.decision
  )
    return new PortreeveError('digest_mismatch', 'The verdict names another proposal, digest or decision.');
  if ((statement.preview_digest ?? null) !== approval.preview_digest)
    return new PortreeveError('digest_mismatch', 'The verdict does not name the preview that belongs to it.', {
      next: 'Look at the approval again, with its preview, and sign what is shown.',
    });
  if (!known.signature.valid) return new PortreeveError('bad_signature', known.signature.problem);
  if (statement.verdict === 'approve' && !signsAsWellAs(known.signature.by, approval.signature))
    return new PortreeveError('signature_too_weak', `Policy asks for ${NAMES[approval.signature]}.`);
  if (Math.abs(known.now.getTime() - Date.parse(statement.signed_at)) > SIGNED_AT_TOLERANCE_MS)
    return new PortreeveError('bad_signature', 'It was signed more than 10 minutes from now.', {
      next: 'Check the clock of the machine that signs, then sign again.',
    });
  if (approval.verdicts.some((earlier) => earlier.signed.statement.approver === by.id))
    return new PortreeveError('already_voted', 'You have already given your verdict on this.');
  return null;
}
