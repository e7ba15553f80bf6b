import { type CallOutcome, readStatus, statusArguments } from '@portreeve/contract';
import { derivedId } from '../derived-id.ts';
import type { StoredProposal } from '../ports.ts';
import { recordedArguments } from '../recorded-arguments.ts';
import type { Wish } from '../wish.ts';

/**
 * The question to the status tool: a proposal of its own that passes the gate as any other does, for the same principal.
 */
export function statusWish(stored: StoredProposal): Wish {
  const { proposal, contract, companions, settlement } = stored;
  const { status } = contract;
  const tool = companions.find(({ name }) => name === status?.tool);
  if (!status || !tool || !settlement) throw new TypeError(`${contract.name} cannot be asked about`);
  const number = settlement.tries.filter(({ way }) => way === 'ask').length + 1;
  const values = statusArguments(status, proposal.args, proposal.id);
  const { args, provenance } = recordedArguments(stored, values, status.args);
  return {
    ...{ id: derivedId(proposal.id, `q${number}`), run: proposal.run, workflow: stored.workflow, contract: tool, args },
    approval_timeout_minutes: stored.approval_timeout_minutes,
    history: stored.history,
    release: proposal.release,
    principal: proposal.principal,
    request: {},
    rationale: `The answer to ${contract.name} (${proposal.id}) was lost: did it happen?`,
    evidence: null,
    stoodFor: provenance,
    injection: stored.injection,
    tools: [],
    serves: { purpose: 'status', of: proposal.id },
  };
}

/** What an answered (or unanswered) question says of the call. `outcome` is null where it is still not known. */
export function readAnswer(
  stored: StoredProposal,
  asked: StoredProposal,
): {
  readonly outcome: CallOutcome | null;
  readonly came: 'happened' | 'did_not_happen' | 'not_known';
  readonly reason: string;
} {
  const { contract, proposal, settlement } = stored;
  const { name } = asked.contract;
  const duration_ms = stored.outcome?.duration_ms ?? 0;
  const unknown = (reason: string) => ({ outcome: null, came: 'not_known' as const, reason });
  if (asked.outcome?.state !== 'succeeded') return unknown(`${name} gave no answer: ${whyNot(asked)}`);
  const verdict = readStatus(contract, proposal.args, asked.outcome.result);
  if (verdict.came === 'not_known') return unknown(verdict.reason);
  if (verdict.came === 'happened') {
    const reason = `${name} says that it happened`;
    return { outcome: { state: 'succeeded', result: verdict.result, duration_ms }, came: 'happened', reason };
  }
  // The question was put no earlier than it was planned. A call may still have been under way then.
  if (Date.parse(settlement!.next!.at) < Date.parse(settlement!.quiet_at))
    return unknown(`${name} says that it has not happened, which may still change`);
  const reason = `${name} says that it did not happen`;
  return { outcome: { state: 'failed', reason, duration_ms }, came: 'did_not_happen', reason };
}

function whyNot({ state, outcome, decision }: StoredProposal): string {
  if (outcome && outcome.state !== 'succeeded') return outcome.reason;
  return decision.reasons.map((reason) => reason.text).join(' ') || state;
}
