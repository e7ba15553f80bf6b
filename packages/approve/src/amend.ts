import {
  type ApprovalId,
  actorOf,
  draft,
  PortreeveError,
  type Principal,
  type RecordDraft,
  type Tx,
} from '@portreeve/contract';
import { type ClosingDeps, close, closedError } from './closing.ts';
import { type DelegationDeps, stillStanding, stoodInRecords } from './delegations.ts';
import { eligibilityOf, ineligibleError, isOverdue, type StandingFor } from './judge.ts';
import type { StoredApproval } from './ports.ts';

/** The approval that is closed, and the records of that for the caller to append last. */
export interface ClosedAsAmended {
  readonly closed: StoredApproval;
  readonly records: readonly RecordDraft[];
}

/**
 * Closes a pending approval as amended, in the caller's transaction, which opens another in its place. Whoever may decide on
 * it may do that: nothing is approved by it, so that it needs no signature. Gives the error where they may not.
 */
export async function closeAmendedIn(
  deps: ClosingDeps & { readonly delegations?: Pick<DelegationDeps, 'delegations'> },
  tx: Tx,
  id: ApprovalId,
  by: Principal,
  known: StandingFor,
): Promise<ClosedAsAmended | PortreeveError> {
  const stored = await deps.store.lock(tx, id);
  const standing = await stillStanding(deps, tx, by.id, known);
  const refusal = amendmentRefusal(stored, by, standing, deps.clock.now());
  if (!stored || refusal) return refusal ?? missing();
  const { record } = await close(deps, tx, stored, 'amend', 'person', actorOf(by));
  const { in_place_of } = eligibilityOf(stored, by, standing);
  return { closed: stored, records: [record, ...stoodInRecords(in_place_of, 'amend', stored, by)] };
}

/** Why somebody may not amend what an approval is about; null where they may. */
export function amendmentRefusal(
  stored: StoredApproval | null,
  by: Principal,
  standing: StandingFor,
  now: Date,
): PortreeveError | null {
  if (!stored) return missing();
  if (stored.state !== 'pending') return closedError(stored.state);
  if (isOverdue(stored, now)) return closedError('expired');
  return ineligibleError(stored, by, standing);
}

/** The record that somebody wanted to amend what they may not, or as it may not be. */
export function refusedAmendment(
  id: ApprovalId,
  stored: StoredApproval | null,
  by: Principal,
  code: string,
): RecordDraft {
  const refs = stored?.refs ?? { approval: id };
  const data = { code, verdict: 'amend' };
  return draft({ type: 'approval.refused_verdict', actor: actorOf(by), refs, outcome: code, data });
}

const missing = () => new PortreeveError('not_found', 'There is no such approval.');
