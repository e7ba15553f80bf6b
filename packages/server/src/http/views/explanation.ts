import { type JsonObject, type PolicyRequest, type ProposalId, policyRequestSchema } from '@portreeve/contract';
import { type StoredProposal, withDeadline } from '@portreeve/gate';
import { type Explanation, explain, isRequestOf } from '@portreeve/policy';
import type { Services } from '../../services.ts';

/** What decided on a proposal, and what would change it. */
export interface ProposalExplanation extends Explanation {
  readonly proposal: ProposalId;
  /** The newest decision on record, and when in the proposal's life it was made. */
  readonly recorded: { readonly outcome: string; readonly phase: string; readonly policy_version: string };
  /** Whether the policy in force is the one that decided; where not, the rules told are those of now. */
  readonly same_policy: boolean;
}

/**
 * Explains the newest decision on a proposal by the policy in force. `null` where there is no such decision on record, or
 * its request cannot be told to the byte any more: a guess would look like an explanation.
 */
export async function explainProposal(
  { audit, policy }: Pick<Services, 'audit' | 'policy'>,
  stored: StoredProposal,
): Promise<ProposalExplanation | null> {
  const { id } = stored.proposal;
  const { records } = await audit.search({ proposal: id, type: 'decision.made', limit: 1 });
  const data = records[0]?.payload?.data;
  if (!data) return null;
  const request = wholeRequest(data.request as JsonObject, stored);
  const decision = data.decision as { request_digest: string; outcome: string; policy_version: string };
  if (request === null || !isRequestOf(request, decision.request_digest)) return null;
  const { outcome, policy_version } = decision;
  const explained = explain(policy, request);
  return {
    proposal: id,
    recorded: { outcome, phase: String(data.phase), policy_version },
    same_policy: policy_version === policy.version,
    ...explained,
    decision: withDeadline(explained.decision, stored),
  };
}

/** The recorded request, with the proposal's own parts in the place of those that the record may hold redacted. */
function wholeRequest(recorded: JsonObject, { proposal, workflow }: StoredProposal): PolicyRequest | null {
  const { principal, args, influence, provenance } = proposal;
  const parsed = policyRequestSchema.safeParse({ ...recorded, workflow, principal, args, influence, provenance });
  return parsed.success ? parsed.data : null;
}
