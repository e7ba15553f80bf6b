import { actorOf, type Proposal, type ProposalId } from '@portreeve/contract';
import type { HouseAnswer, HouseCall } from '@portreeve/execute';
import { carryOutMove, type MovingDeps } from '@portreeve/govern/desk';

/** What Portreeve carries out itself, in whichever process uses grants: the moves of releases. */
export function houseTools(
  deps: MovingDeps & { readonly proposals: { proposal(id: ProposalId): Promise<Proposal | null> } },
): (call: HouseCall) => Promise<HouseAnswer> {
  return async (call) => {
    const proposal = await deps.proposals.proposal(call.proposal);
    if (!proposal) return { done: false, reason: `There is no proposal ${call.proposal}.` };
    const outcome = await carryOutMove(deps, { ...call, actor: actorOf(proposal.principal) });
    if (!outcome.done) return outcome;
    return { done: true, result: { release: outcome.release, replaced: outcome.replaced } };
  };
}
