import {
  type ApprovalDelegationId,
  givesReason,
  PortreeveError,
  type Principal,
  type PrincipalId,
  type SignedVerdict,
  signsAsWellAs,
} from '@portreeve/contract';
import type { CheckedSignature } from './check-signature.ts';
import type { StoredApproval } from './ports.ts';

/** How far a signer's clock may be from ours. */
export const SIGNED_AT_TOLERANCE_MS = 10 * 60_000;

const NAMES = {
  key: 'a signature',
  passkey: 'a passkey',
  device_bound: 'a passkey that cannot leave its device',
} as const;

/** In whose place somebody may decide, by which delegation, and for which groups. */
export type StandingFor = readonly {
  readonly delegation: ApprovalDelegationId;
  readonly delegator: PrincipalId;
  readonly groups: readonly string[];
}[];

/**
 * Through which of the approval's groups a person may decide: as a member, else in the place of one who let them. Who
 * asked can let nobody decide in their place, and neither can who has already decided.
 */
export function eligibilityOf(
  approval: Pick<StoredApproval, 'groups' | 'requesters' | 'verdicts'>,
  by: Principal,
  standing: StandingFor = [],
): { readonly groups: readonly string[]; readonly in_place_of: PrincipalId | null } {
  const own = approval.groups.filter((group) => by.groups.includes(group));
  if (own.length > 0) return { groups: own, in_place_of: null };
  for (const { delegator, groups } of standing) {
    const passed = approval.groups.filter((group) => groups.includes(group));
    if (passed.length > 0 && !approval.requesters.includes(delegator) && !hasVoice(approval, delegator))
      return { groups: passed, in_place_of: delegator };
  }
  return { groups: [], in_place_of: null };
}

/** Whether somebody has decided, in person or through another. */
function hasVoice({ verdicts }: Pick<StoredApproval, 'verdicts'>, person: PrincipalId): boolean {
  return verdicts.some(({ signed, in_place_of }) => signed.statement.approver === person || in_place_of === person);
}

/** What is said to whoever gives a verdict without the reason that it needs; null where it has one. */
export function unreasonedError(
  { reason_chars_min }: Pick<StoredApproval, 'reason_chars_min'>,
  reason: string,
): PortreeveError | null {
  if (givesReason(reason, reason_chars_min)) return null;
  const detail = `Its reason must have at least ${reason_chars_min} letters or digits, whatever the verdict is.`;
  return new PortreeveError('reason_required', detail);
}

export function isOverdue(approval: Pick<StoredApproval, 'expires_at'>, now: Date): boolean {
  return now.getTime() >= Date.parse(approval.expires_at);
}

/** Why somebody may not decide on an approval, whatever they would say; null where they may. */
export function ineligibleError(
  approval: StoredApproval,
  by: Principal,
  standing?: StandingFor,
): PortreeveError | null {
  // An agent that acts for an approver is not the approver: a verdict comes from the person's own hand.
  if (by.kind !== 'person' || by.act.length > 0)
    return new PortreeveError('approver_not_eligible', 'A verdict is given by a person, directly.');
  if (approval.requesters.includes(by.id))
    return new PortreeveError('approver_is_requester', 'You asked for this, or it was asked in your name.');
  if (eligibilityOf(approval, by, standing).groups.length === 0)
    return new PortreeveError('approver_not_eligible', `It is for members of: ${approval.groups.join(', ')}.`);
  if (!by.roles.includes('approver'))
    return new PortreeveError('approver_not_eligible', 'You do not have the role approver.', {
      next: 'Ask an approver who is a member of the groups named in the approval.',
    });
  return null;
}

/** Why somebody cannot confirm; null where they can: the person for whom the agent acts, and nobody in their place. */
function cannotConfirm({ confirm_by }: StoredApproval, by: Principal): PortreeveError | null {
  if (by.kind !== 'person' || by.act.length > 0)
    return new PortreeveError('approver_not_eligible', 'It is confirmed by a person, directly: no agent can.');
  if (confirm_by === null) return new PortreeveError('approver_not_eligible', 'Nobody is asked to confirm it.');
  if (by.id === confirm_by) return null;
  return new PortreeveError('approver_not_eligible', 'It is for the person in whose name it is done to confirm.');
}

/** Why a verdict on a pending approval does not count, or null where it does. Nothing is changed here. */
export function refusalOf(
  approval: StoredApproval,
  signed: SignedVerdict,
  by: Principal,
  known: { signature: CheckedSignature; now: Date; standing?: StandingFor },
): PortreeveError | null {
  const { statement } = signed;
  if (statement.approver !== by.id)
    return new PortreeveError('bad_signature', 'The verdict was signed in another person\u2019s name.');
  const confirms = statement.verdict === 'confirm';
  const ineligible = confirms ? cannotConfirm(approval, by) : ineligibleError(approval, by, known.standing);
  if (ineligible) return ineligible;
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
  if (statement.verdict !== 'deny' && !signsAsWellAs(known.signature.by, approval.signature))
    return new PortreeveError('signature_too_weak', `Policy asks for ${NAMES[approval.signature]}.`);
  const unreasoned = unreasonedError(approval, statement.reason);
  if (unreasoned) return unreasoned;
  if (Math.abs(known.now.getTime() - Date.parse(statement.signed_at)) > SIGNED_AT_TOLERANCE_MS)
    return new PortreeveError('bad_signature', 'It was signed more than 10 minutes from now.', {
      next: 'Check the clock of the machine that signs, then sign again.',
    });
  if (hasVoice(approval, by.id))
    return new PortreeveError('already_voted', 'You, or somebody in your place, have already given your verdict.');
  return null;
}
