import {
  type Approval,
  actorOf,
  type CallOutcome,
  type Decision,
  type ExecutionId,
  type Proposal,
} from '@portreeve/contract';
import type { HandoffWish } from './handoffs.ts';
import type { StoredProposal } from './ports.ts';

/** What every hand-off of a proposal has: its arguments are as secret as what went into it. */
export const aboutProposal = ({ run, id, workflow, release, tool, influence, principal }: Proposal) => ({
  ...{ run, proposal: id, workflow, release, about: tool },
  label: { confidentiality: influence.confidentiality, categories: [...influence.categories] },
  actor: actorOf(principal),
});

/** Who was asked, for people. */
function askedOf({ groups, confirm_by }: Approval): string {
  return [...groups, ...(confirm_by === null ? [] : [`who it is done for (${confirm_by})`])].join(', ');
}

/** Nobody decided in time: a person sees what was wanted, and may have it proposed anew. */
export function expiryHandoff(proposal: Proposal, approval: Approval): HandoffWish {
  return {
    ...aboutProposal(proposal),
    kind: 'expired_approval',
    why: `Not all who were asked decided in time on what ${proposal.tool} was to do: ${askedOf(approval)}.`,
    context: { tool: proposal.tool, args: proposal.args, approval: approval.id, rationale: proposal.rationale },
    tried: [`An approval was asked for until ${approval.expires_at}: ${askedOf(approval)}.`],
    next: 'See why nobody decided; then start a new run, do it by hand, or leave it.',
  };
}

/** Refused work: a person may do it another way. */
export function refusalHandoff(proposal: Proposal, decision: Decision): HandoffWish {
  return {
    ...aboutProposal(proposal),
    kind: 'refused',
    why: decision.reasons.map((reason) => reason.text).join(' ') || 'Policy refuses this.',
    context: { tool: proposal.tool, args: proposal.args, reasons: decision.reasons.map((reason) => reason.code) },
    next: decision.next,
  };
}

/** A call that failed, or whose outcome nobody knows. */
export function troubleHandoff(
  stored: StoredProposal,
  execution: ExecutionId,
  outcome: Exclude<CallOutcome, { state: 'succeeded' }>,
): HandoffWish {
  const { proposal, settlement } = stored;
  const unknown = outcome.state === 'unknown';
  return {
    ...aboutProposal(proposal),
    kind: unknown ? 'unknown_outcome' : 'failed_action',
    why: unknown
      ? `It is not known whether ${proposal.tool} took effect: ${outcome.reason}`
      : `${proposal.tool} failed: ${outcome.reason}`,
    context: {
      tool: proposal.tool,
      args: proposal.args,
      execution,
      idempotency_key: proposal.id,
      reason: outcome.reason,
      // What was sent when, and what was tried to learn of it.
      ...(settlement ? { calls: settlement.calls.map((each) => ({ ...each })) } : {}),
      ...(settlement ? { tries: settlement.tries.map((each) => ({ ...each })) } : {}),
      ...(stored.serves?.purpose === 'undo' ? { undoes: stored.serves.of } : {}),
    },
    next: unknown
      ? 'Look in the downstream system whether it happened; then close this with what you found. It is not repeated by itself.'
      : 'Nothing happened downstream. Correct the cause and start a new run, or do it by hand.',
    tried: [
      ...(settlement?.calls ?? []).map(({ lost_at, reason }) => `${lost_at}: ${proposal.tool} was called: ${reason}`),
      ...(settlement?.tries ?? []).map(({ at, way, came, reason }) => `${at}: ${way}: ${came}: ${reason}`),
    ],
  };
}
