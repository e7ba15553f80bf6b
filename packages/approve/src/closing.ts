import {
  type Approval,
  type ApprovalState,
  type Clock,
  draft,
  PortreeveError,
  type RecordActor,
  type RecordDraft,
  SYSTEM_ACTOR,
  step,
  type Tx,
} from '@portreeve/contract';
import { isOverdue } from './judge.ts';
import type { ApprovalStore, StoredApproval } from './ports.ts';
import { APPROVAL_TABLE, type ApprovalEvent } from './state.ts';

export interface ClosingDeps {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly onClosed?: (tx: Tx, approval: Approval) => Promise<void>;
}

/** Who closed it, as the record says. */
export type ClosedBy = 'person' | 'time-out' | 'requester' | 'revocation';

/** Closes a locked, pending approval, and gives the record of that for the caller to append last. */
export async function close(
  deps: ClosingDeps,
  tx: Tx,
  stored: StoredApproval,
  event: ApprovalEvent,
  by: ClosedBy,
  actor: RecordActor,
): Promise<{ approval: Approval; record: RecordDraft }> {
  const state = step(APPROVAL_TABLE, stored.state, event);
  const closed_at = deps.clock.now().toISOString();
  if (state === null || state === 'pending' || !(await deps.store.close(tx, stored.id, state, closed_at)))
    throw new TypeError(`approval ${stored.id} cannot take ${event} as ${stored.state}`);
  const approval = toApproval({ ...stored, state, closed_at });
  await deps.onClosed?.(tx, approval);
  const record = draft({
    type: 'approval.closed',
    actor,
    refs: stored.refs,
    outcome: state,
    data: { state, by },
    key: `approval.closed:${stored.id}`,
  });
  return { approval, record };
}

/** Closes a locked, pending approval if its time is up, and gives the record; null while there is time. */
export async function expireIfOverdue(deps: ClosingDeps, tx: Tx, stored: StoredApproval): Promise<RecordDraft | null> {
  if (!isOverdue(stored, deps.clock.now())) return null;
  return (await close(deps, tx, stored, 'expire', 'time-out', SYSTEM_ACTOR)).record;
}

export function closedError(state: ApprovalState): PortreeveError {
  return new PortreeveError('approval_closed', `It is ${state}.`);
}

export function toApproval({ refs: _, verdicts, ...head }: StoredApproval): Approval {
  return { ...head, verdicts: verdicts.map(({ signed }) => signed) };
}
