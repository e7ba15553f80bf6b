import { actorOf, type CallOutcome, type Decision, type ExecutionId, type Proposal } from '@portreeve/contract';
import type { HandoffWish } from './handoffs.ts';
import type { StoredProposal } from './ports.ts';

/** Refused work: a person may do it another way. */
export function refusalHandoff(proposal: Proposal, decision: Decision): HandoffWish {
  return {
    kind: 'refused',
    run: proposal.run,
    proposal: proposal.id,
    workflow: proposal.workflow,
    why: decision.reasons.map((reason) => reason.text).join(' ') || 'Policy refuses this.',
    context: { tool: proposal.tool, args: proposal.args, reasons: decision.reasons.map((reason) => reason.code) },
    next: decision.next,
    actor: actorOf(proposal.principal),
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
    kind: unknown ? 'unknown_outcome' : 'failed_action',
    run: proposal.run,
    proposal: proposal.id,
    workflow: proposal.workflow,
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
    actor: actorOf(proposal.principal),
  };
}
