import { type Approval, PortreeveError, type ProposalId } from '@portreeve/contract';
import { successorOf } from './asking.ts';
import type { ApprovalService, ProposalStore, StoredProposal } from './ports.ts';
import { type GateResult, resultOf } from './result.ts';

/** What a proposal is without being carried on. `ready`: nobody is waited for, and whoever carries it on has it done. */
export type Standing = GateResult | { readonly status: 'ready' };

/** Looks and does nothing, so that it may be asked by a request that must change nothing (RFC 9110, 9.2.1). */
export async function standingOf(
  { store, approvals }: { readonly store: ProposalStore; readonly approvals: ApprovalService },
  from: ProposalId,
): Promise<Standing> {
  let stored = await store.get(from);
  while (stored?.state === 'amended') stored = await store.get(successorOf(stored));
  if (!stored) throw new PortreeveError('not_found', `There is no proposal ${from}.`);
  const approval = stored.approval ? await approvals.get(stored.approval) : null;
  switch (stored.state) {
    case 'awaiting_approval':
      return asked(stored, approval);
    case 'approved':
      return { status: 'ready' };
    case 'granted':
    case 'retrying':
      return { status: 'running' };
    case 'settling': {
      const until = stored.settlement?.next?.at;
      return until ? { status: 'settling', until } : { status: 'running' };
    }
    default:
      return resultOf(stored, approval);
  }
}

function asked(stored: StoredProposal, approval: Approval | null): Standing {
  if (!approval) throw new TypeError(`the approval of ${stored.proposal.id} is missing`);
  const { id, state, expires_at } = approval;
  if (state === 'approved') return { status: 'ready' };
  // What took its place is being written: it waits like this one.
  if (state === 'pending' || state === 'amended') return { status: 'waiting', approval: id, expires_at };
  return resultOf({ ...stored, state: 'denied' }, approval);
}
