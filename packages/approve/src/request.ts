import {
  type Approval,
  type AuditWriter,
  actorOf,
  approvalSchema,
  type Clock,
  type Decision,
  type Demand,
  digestOf,
  draft,
  mergeDemands,
  newId,
  PortreeveError,
  type Preview,
  type PrincipalId,
  type Proposal,
  proposalDigest,
  type RecordData,
  type RecordRefs,
  requestersOf,
  type Tx,
  type VerdictSignature,
} from '@portreeve/contract';
import { toApproval } from './closing.ts';
import { nudgesOf } from './nudge.ts';
import type { ApprovalStore } from './ports.ts';

export interface ApprovalRequest {
  readonly proposal: Proposal;
  readonly decision: Decision;
  /** What each rule asks for; none where only a confirmation is. */
  readonly demands: readonly Demand[];
  /** Whether the person for whom the agent acts must confirm it; left out: no. */
  readonly confirm?: boolean | undefined;
  /** What an approving verdict must be signed with at the least; left out: any registered key. */
  readonly signature?: VerdictSignature | undefined;
  /** Letters and digits that the reason of each verdict must have; left out: none. */
  readonly reason_chars_min?: number | undefined;
  readonly timeout_minutes: number;
  /** What the approvers are shown beforehand; null where the tool offers nothing. */
  readonly preview: Preview | null;
}

export async function requestIn(
  deps: { readonly store: ApprovalStore; readonly audit: AuditWriter; readonly clock: Clock },
  tx: Tx,
  {
    proposal,
    decision,
    demands: wanted,
    confirm = false,
    signature = 'key',
    reason_chars_min = 0,
    timeout_minutes,
    preview,
  }: ApprovalRequest,
): Promise<Approval> {
  if (proposalDigest(proposal) !== proposal.digest)
    throw new PortreeveError('digest_mismatch', 'The proposal is not what its digest says.');
  const demands = mergeDemands(wanted);
  if (demands.length === 0 && !confirm) throw new TypeError('an approval asks nobody: nobody could close it');
  const now = deps.clock.now();
  const approval = approvalSchema.parse({
    id: newId('approval', deps.clock),
    proposal: proposal.id,
    proposal_digest: proposal.digest,
    decision: decision.id,
    preview_digest: preview && digestOf(preview),
    requesters: requestersOf(proposal),
    demands,
    groups: [...new Set(demands.flatMap(({ groups }) => groups))].sort(),
    quorum: Math.max(0, ...demands.map(({ quorum }) => quorum)),
    confirm_by: confirm ? confirmerOf(proposal) : null,
    signature,
    reason_chars_min,
    state: 'pending',
    created_at: now.toISOString(),
    expires_at: new Date(now.getTime() + timeout_minutes * 60_000).toISOString(),
    closed_at: null,
    verdicts: [],
  } satisfies Record<keyof Approval, unknown>);
  const refs: RecordRefs = {
    ...(proposal.run === null ? {} : { run: proposal.run }),
    workflow: proposal.workflow,
    release: proposal.release,
    tool: proposal.tool,
    proposal: proposal.id,
    decision: decision.id,
    policy_version: decision.policy_version,
    approval: approval.id,
  };
  if (!(await deps.store.insert(tx, { ...approval, refs, verdicts: [] }, preview, nudgesOf(approval)))) {
    const existing = await deps.store.byProposal(tx, proposal.id);
    if (existing?.proposal_digest !== proposal.digest)
      throw new PortreeveError('conflict', 'This proposal has an approval for other content.');
    return toApproval(existing);
  }
  await deps.audit.append(tx, [
    draft({
      type: 'approval.requested',
      actor: actorOf(proposal.principal),
      refs,
      data: {
        proposal_digest: approval.proposal_digest,
        groups: approval.groups,
        quorum: approval.quorum,
        ...(demands.length > 1 ? { demands } : {}),
        ...(approval.confirm_by === null ? {} : { confirm_by: approval.confirm_by }),
        ...(signature === 'key' ? {} : { signature }),
        ...(reason_chars_min === 0 ? {} : { reason_chars_min }),
        expires_at: approval.expires_at,
        ...(preview ? { preview: previewFacts(preview) } : {}),
      },
    }),
  ]);
  return approval;
}

/** The person at the root of the `act` chain: it is done in their name. Policy asks nobody else to confirm. */
function confirmerOf({ principal }: Proposal): PrincipalId {
  if (principal.kind !== 'person') throw new TypeError(`${principal.id} is no person, and cannot confirm`);
  return principal.id;
}

function previewFacts(preview: Preview): RecordData<'approval.requested'>['preview'] {
  return {
    digest: digestOf(preview),
    proposal: preview.proposal,
    execution: preview.state === 'made' ? preview.execution : null,
    missing: preview.state === 'made' ? null : preview.why,
  };
}
