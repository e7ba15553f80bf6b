import { actorOf, approveChange, type Proposal, type ProposalId } from '@portreeve/contract';
import type { HouseAnswer, HouseCall } from '@portreeve/execute';
import { type ApprovingDeps, carryOutApproval, carryOutMove, type MovingDeps } from '@portreeve/govern/desk';

/** What Portreeve carries out itself, in whichever process uses grants: moves of releases, approvals of changes. */
export function houseTools(
  deps: MovingDeps &
    Pick<ApprovingDeps, 'surface'> & { readonly proposals: { proposal(id: ProposalId): Promise<Proposal | null> } },
): (call: HouseCall) => Promise<HouseAnswer> {
  return async (call) => {
    const proposal = await deps.proposals.proposal(call.proposal);
    if (!proposal) return { done: false, reason: `There is no proposal ${call.proposal}.` };
    const wanted = { ...call, actor: actorOf(proposal.principal) };
    if (call.tool === approveChange.name) {
      const approved = await carryOutApproval(deps, wanted);
      return approved.done ? { done: true, result: { change: approved.change } } : approved;
    }
    const outcome = await carryOutMove(deps, wanted);
    if (!outcome.done) return outcome;
    return { done: true, result: { release: outcome.release, replaced: outcome.replaced } };
  };
}
