import {
  type Approval,
  type ApprovalId,
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  givesReason,
  isPortreeveError,
  mergeDemands,
  PortreeveError,
  type Preview,
  type Principal,
  type RecordDraft,
  reasonCharsOf,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { type Amendment, amended, submissionOf } from './amend.ts';
import { type Asked, askedBy, newlyStored, stronger, type Weighed } from './asking.ts';
import { markPlanted } from './planted.ts';
import type { ApprovalService, PlantedMarks, ProposalStore, StoredProposal } from './ports.ts';
import { refsOf } from './records.ts';
import { nextState } from './states.ts';
import type { Submission } from './wish.ts';

export interface AmendDeps {
  readonly approvals: ApprovalService;
  readonly store: ProposalStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly planted?: PlantedMarks;
  readonly weigh: (submission: Submission, by: Principal) => Promise<Weighed>;
  readonly previewed: (submission: Submission) => Promise<Preview | null>;
}

/** An amendment says why, in this many letters or digits at the least, also where a verdict need not. */
const REASON_CHARS_MIN = 3;

/**
 * Amends what waits for an approval (requirement F4): a new proposal, a new decision, and always a new approval. INVARIANT:
 * who amends counts among those who ask, so that they cannot approve it, and others are asked no less than before.
 */
export function createAmend(deps: AmendDeps) {
  const { approvals, store, audit, uow, clock } = deps;

  return async (id: ApprovalId, amendment: Amendment): Promise<Approval> => {
    const { by } = amendment;
    await approvals.assertMayAmend(id, by);
    const approval = await approvals.get(id);
    const stored = approval && (await store.get(approval.proposal));
    if (!approval || !stored) throw new TypeError(`the proposal of ${id} is missing`);
    return amend(approval, stored, amendment).catch(async (error: unknown) => {
      if (isPortreeveError(error)) await approvals.refuseAmendment(id, by, error.code);
      throw error;
    });
  };

  async function amend(approval: Approval, stored: StoredProposal, amendment: Amendment): Promise<Approval> {
    const chars_min = Math.max(REASON_CHARS_MIN, approval.reason_chars_min);
    if (!givesReason(amendment.reason, chars_min))
      throw new PortreeveError('reason_required', `Say why, in at least ${chars_min} letters or digits.`);
    const submission = submissionOf(stored, amended(stored, amendment, clock));
    const weighed = await deps.weigh(submission, amendment.by);
    if (weighed.event === 'refuse') return refused(weighed);
    const preview = await deps.previewed({ ...submission, proposal: weighed.proposal });
    const done = await uow.transaction((tx) =>
      replace(tx, { approval, stored, amendment, submission, weighed, preview }),
    );
    if (done instanceof PortreeveError) throw done;
    return done;
  }

  /** Policy has the last word on an amendment too; what was asked about first waits on as it is. */
  async function refused({ decision, steps }: Weighed): Promise<never> {
    await audit.record([...steps]);
    const text = decision.reasons.map((reason) => reason.text).join(' ');
    throw new PortreeveError('refused', text || 'Policy refuses the amendment.', {
      next: decision.next,
      extra: { decision },
    });
  }

  interface Replacing {
    readonly approval: Approval;
    readonly stored: StoredProposal;
    readonly amendment: Amendment;
    readonly submission: Submission;
    readonly weighed: Weighed;
    readonly preview: Preview | null;
  }

  async function replace(tx: Tx, replacing: Replacing): Promise<Approval | PortreeveError> {
    const { approval, stored, amendment, submission, weighed, preview } = replacing;
    const closed = await approvals.closeAmended(tx, approval.id, amendment.by);
    if (closed instanceof PortreeveError) return closed;
    const { proposal, decision } = weighed;
    const current = await store.lock(tx, stored.proposal.id);
    if (current?.state !== 'awaiting_approval' || current.approval !== approval.id)
      throw new TypeError(`${stored.proposal.id} went on while its approval was pending`);
    if (stored.planted) await markPlanted(deps, tx, proposal, true);
    await store.insert(tx, newlyStored(submission, { ...weighed, state: nextState('proposed', 'ask') }));
    await store.update(tx, stored.proposal, { state: nextState(current.state, 'amend'), amended_by: proposal.id });
    await audit.append(tx, weighed.steps);
    const asked = await approvals.request(tx, {
      ...{ proposal, decision, preview, ...noLess(approval, askedBy(decision)) },
      timeout_minutes: submission.approval_timeout_minutes,
      reason_chars_min: Math.max(approval.reason_chars_min, reasonCharsOf(stored.contract, stored.workflow)),
    });
    await store.update(tx, proposal, { approval: asked.id });
    await audit.append(tx, [...closed.records, amendedRecord(replacing, asked)]);
    return asked;
  }

  function amendedRecord({ approval, stored, amendment, weighed }: Replacing, asked: Approval): RecordDraft {
    const { proposal } = weighed;
    return draft({
      type: 'approval.amended',
      actor: actorOf(amendment.by),
      refs: { ...refsOf(stored.proposal), approval: approval.id },
      outcome: 'amended',
      data: {
        from_digest: stored.proposal.digest,
        proposal: proposal.id,
        proposal_digest: proposal.digest,
        approval: asked.id,
        reason: amendment.reason,
      },
    });
  }
}

/** What the amendment asks, and at least what was asked before it: an amendment is no way around a second person. */
function noLess(before: Approval, now: Asked): Asked {
  return {
    demands: mergeDemands([...before.demands, ...now.demands]),
    signature: stronger(before.signature, now.signature),
    confirm: before.confirm_by !== null || now.confirm,
  };
}
