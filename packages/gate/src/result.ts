import {
  type Approval,
  type ApprovalId,
  type Decision,
  type DeniedBy,
  type ExecutionId,
  type HandoffId,
  type Json,
  Labelled,
} from '@portreeve/contract';
import { answerLabel } from './answer-label.ts';
import type { StoredProposal } from './ports.ts';
import { relabelled } from './relabel.ts';

/** Where a proposal stands for whoever submitted it. */
export type GateResult =
  | { readonly status: 'waiting'; readonly approval: ApprovalId; readonly expires_at: string }
  | { readonly status: 'running' }
  /** It is not known whether it took effect; it is found out by itself, and looked at again at `until`. */
  | { readonly status: 'settling'; readonly until: string }
  | {
      readonly status: 'succeeded';
      readonly execution: ExecutionId;
      readonly result: Labelled<Json>;
      /** The profiles by which policy narrowed what was asked for. */
      readonly narrowed: readonly string[];
      /** A reviewer changed the arguments, and others approved them so. */
      readonly amended?: true;
    }
  | { readonly status: 'failed'; readonly execution: ExecutionId; readonly reason: string; readonly handoff: HandoffId }
  | { readonly status: 'unknown'; readonly execution: ExecutionId; readonly handoff: HandoffId }
  | { readonly status: 'refused'; readonly decision: Decision }
  | { readonly status: 'denied'; readonly approval: ApprovalId; readonly by: DeniedBy };

/** The end of a proposal. Throws for one that has not ended. */
export function resultOf(stored: StoredProposal, approval: Approval | null): GateResult {
  const { execution, outcome, handoff } = stored;
  if (stored.state === 'refused') return { status: 'refused', decision: stored.decision };
  if (stored.state === 'denied' && approval) {
    const by = approval.state === 'expired' ? 'time-out' : approval.state === 'withdrawn' ? 'withdrawal' : 'person';
    return { status: 'denied', approval: approval.id, by };
  }
  if (execution && outcome?.state === 'succeeded') {
    const narrowed = stored.narrowed?.profiles ?? [];
    const lowered = relabelled(stored.proposal, stored.contract);
    const changed = stored.proposal.amends ? { amended: true as const } : {};
    if (lowered) return { status: 'succeeded', execution, result: lowered, narrowed, ...changed };
    // As trusted as its tool's contract says, and never more than what went into the call.
    const result = new Labelled(outcome.result, answerLabel(stored.proposal, stored.contract));
    return { status: 'succeeded', execution, result, narrowed, ...changed };
  }
  if (execution && handoff && outcome?.state === 'failed') {
    return { status: 'failed', execution, reason: outcome.reason, handoff };
  }
  if (execution && handoff && outcome?.state === 'unknown') return { status: 'unknown', execution, handoff };
  throw new TypeError(`proposal ${stored.proposal.id} is ${stored.state} without what belongs to it`);
}
