import {
  actorOf,
  type Decision,
  digestOf,
  draft,
  labelData,
  type PolicyRequest,
  type Principal,
  type Proposal,
  type ProposalId,
  type RecordDraft,
  type RecordRefs,
} from '@portreeve/contract';
import type { Narrowed } from './narrow.ts';

/** What every record about a proposal refers to. */
export function refsOf(proposal: Proposal): RecordRefs {
  return {
    ...(proposal.run ? { run: proposal.run } : {}),
    workflow: proposal.workflow,
    release: proposal.release,
    proposal: proposal.id,
    tool: proposal.tool,
  };
}

/** On the record of a proposal: the same call has succeeded before in the same piece of work. */
const REPEATED = 'repeated_call';

export function submittedRecord(
  proposal: Proposal,
  {
    preview_of,
    repeated,
    policy_version,
  }: { readonly preview_of: ProposalId | null; readonly repeated: boolean; readonly policy_version: string },
  by: Principal = proposal.principal,
): RecordDraft {
  return draft({
    type: 'proposal.submitted',
    actor: actorOf(by),
    refs: { ...refsOf(proposal), policy_version, ...(repeated ? { codes: [REPEATED] } : {}) },
    data: {
      digest: proposal.digest,
      tool: proposal.tool,
      tool_version: proposal.tool_version,
      args: proposal.args,
      args_digest: digestOf(proposal.args),
      rationale: proposal.rationale,
      evidence: proposal.evidence,
      influence: labelData(proposal.influence),
      provenance: proposal.provenance,
      ...(preview_of === null ? {} : { preview_of }),
      ...(proposal.amends === undefined ? {} : { amends: proposal.amends }),
    },
  });
}

export function narrowedRecord(from: Proposal, { proposal, profiles }: Narrowed, policy_version: string): RecordDraft {
  return draft({
    type: 'proposal.narrowed',
    actor: actorOf(proposal.principal),
    refs: { ...refsOf(proposal), policy_version },
    data: {
      from_digest: from.digest,
      digest: proposal.digest,
      profiles: [...profiles],
      args: proposal.args,
      args_digest: digestOf(proposal.args),
    },
  });
}

export function decisionRecord(
  proposal: Proposal,
  request: PolicyRequest,
  decision: Decision,
  phase: 'submit' | 'after_approval' | 'at_use',
): RecordDraft {
  return draft({
    type: 'decision.made',
    actor: actorOf(proposal.principal),
    refs: { ...refsOf(proposal), decision: decision.id, policy_version: decision.policy_version },
    outcome: decision.outcome,
    data: { decision, request, proposal_digest: proposal.digest, phase },
  });
}
