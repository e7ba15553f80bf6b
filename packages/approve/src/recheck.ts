import {
  givesReason,
  type PrincipalId,
  type Proposal,
  proposalDigest,
  requestersOf,
  signsAsWellAs,
  type VerdictSignature,
} from '@portreeve/contract';
import { checkSignature, type SignatureDeps } from './check-signature.ts';
import type { IsFrozen } from './delegations.ts';
import { areMet, type Voice } from './demands.ts';
import { SIGNED_AT_TOLERANCE_MS } from './judge.ts';
import type { StoredApproval, StoredVerdict } from './ports.ts';

export interface Recheck {
  readonly valid: boolean;
  /** Distinct people whose signature on exactly this proposal was verified now; empty unless `valid`. */
  readonly approvers: readonly PrincipalId[];
  /** The approval's groups that those people stood for; empty unless `valid`. */
  readonly groups: readonly string[];
  /** Those of the approvers who signed by a passkey, and those whose passkey cannot leave its device. */
  readonly by_passkey: readonly PrincipalId[];
  readonly by_device: readonly PrincipalId[];
  /** Whether the person in whose name it is done has confirmed exactly this; false unless `valid`. */
  readonly confirmed: boolean;
}

export const INVALID: Recheck = {
  valid: false,
  approvers: [],
  groups: [],
  by_passkey: [],
  by_device: [],
  confirmed: false,
};

/**
 * Judges a stored approval again, at the moment of use (SPEC.md, 9): what was read back from a store is not believed
 * because it was checked once. One verdict that does not hold makes the whole invalid.
 */
export async function recheckStored(
  approval: StoredApproval,
  proposal: Proposal,
  deps: SignatureDeps & { readonly isFrozen?: IsFrozen },
): Promise<Recheck> {
  if (approval.state !== 'approved') return INVALID;
  if (approval.proposal !== proposal.id || approval.proposal_digest !== proposalDigest(proposal)) return INVALID;
  const requesters = requestersOf(proposal);
  const approvers = new Map<PrincipalId, VerdictSignature>();
  const agreeing: Voice[] = [];
  const heard = new Set<PrincipalId>();
  const { confirm_by } = approval;
  // It was asked of whoever the action is done for, whatever the row says now.
  if (confirm_by !== null && (confirm_by !== proposal.principal.id || proposal.principal.kind !== 'person'))
    return INVALID;
  let confirmed = false;
  for (const verdict of approval.verdicts) {
    const { approver } = verdict.signed.statement;
    const { in_place_of } = verdict;
    const voices = in_place_of === null ? [approver] : [approver, in_place_of];
    const confirms = verdict.signed.statement.verdict === 'confirm';
    if (confirms && (approver !== confirm_by || in_place_of !== null || confirmed)) return INVALID;
    // One voice counts once, whoever lends their hand to it.
    if (!confirms && voices.some((voice) => requesters.includes(voice) || heard.has(voice))) return INVALID;
    for (const voice of voices) heard.add(voice);
    // Who is frozen says nothing now, whatever they signed before, and nobody says it in their place.
    if (await anyOf(voices, deps.isFrozen)) continue;
    const signature = await checkSignature(deps, verdict.signed, approver);
    if (!signature.valid || !signsAsWellAs(signature.by, approval.signature)) return INVALID;
    if (!approves(approval, verdict)) return INVALID;
    if (confirms) {
      confirmed = true;
      continue;
    }
    approvers.set(approver, signature.by);
    const stoodFor = verdict.groups.filter((group) => approval.groups.includes(group));
    agreeing.push({ person: approver, groups: stoodFor });
  }
  if (!areMet(approval.demands, agreeing) || (confirm_by !== null && !confirmed)) return INVALID;
  if (approval.demands.length === 0 && !confirmed) return INVALID;
  const signedBy = (asked: VerdictSignature) =>
    [...approvers].flatMap(([approver, by]) => (signsAsWellAs(by, asked) ? [approver] : []));
  return {
    valid: true,
    approvers: [...approvers.keys()],
    groups: [...new Set(agreeing.flatMap(({ groups }) => groups))].sort(),
    by_passkey: signedBy('passkey'),
    by_device: signedBy('device_bound'),
    confirmed,
  };
}

async function anyOf(people: readonly PrincipalId[], isFrozen?: IsFrozen): Promise<boolean> {
  for (const person of people) if (await isFrozen?.(person)) return true;
  return false;
}

/** Whether it is a verdict for exactly this approval, that something be done. */
function approves(approval: StoredApproval, { signed }: StoredVerdict): boolean {
  const { statement } = signed;
  const signed_at = Date.parse(statement.signed_at);
  return (
    statement.verdict !== 'deny' &&
    statement.approval === approval.id &&
    statement.proposal === approval.proposal &&
    statement.proposal_digest === approval.proposal_digest &&
    statement.decision === approval.decision &&
    (statement.preview_digest ?? null) === approval.preview_digest &&
    givesReason(statement.reason, approval.reason_chars_min) &&
    signed_at >= Date.parse(approval.created_at) - SIGNED_AT_TOLERANCE_MS &&
    signed_at <= Date.parse(approval.expires_at) + SIGNED_AT_TOLERANCE_MS
  );
}
