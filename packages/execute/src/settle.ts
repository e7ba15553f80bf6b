import { type AuditWriter, type CallOutcome, type Clock, step, type UnitOfWork } from '@portreeve/contract';
import { resultRecord } from './outcome.ts';
import type { ExecuteStore, StoredExecution } from './ports.ts';
import { EVENT_OF_OUTCOME, EXECUTION_TABLE } from './states.ts';

export interface Settling {
  readonly store: ExecuteStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
}

/**
 * Writes how an execution ended and its record, in one transaction, at most once. Gives what stands afterwards: the
 * outcome given, or the one that another process had settled before.
 */
export async function settle(
  { store, uow, audit, clock }: Settling,
  execution: StoredExecution,
  outcome: CallOutcome,
): Promise<CallOutcome> {
  const written = await uow.transaction(async (tx) => {
    const to = step(EXECUTION_TABLE, 'started', EVENT_OF_OUTCOME[outcome.state])!;
    const moved = await store.finishExecution(tx, execution.id, { from: 'started', to }, outcome, clock.now());
    if (!moved) return false;
    await audit.append(tx, [resultRecord(execution, outcome, false)]);
    return true;
  });
  if (written) return outcome;
  const settled = await store.execution(execution.id);
  if (!settled?.outcome) throw new Error(`execution ${execution.id} is neither started nor settled`);
  return settled.outcome;
}

/**
 * Records what a process learned after its execution had been settled as unknown without it (it was stopped, not dead).
 * The state stays as it is, because a person may have acted on it; the record says what really came.
 */
export async function recordLate(
  { audit }: Pick<Settling, 'audit'>,
  execution: StoredExecution,
  outcome: CallOutcome,
): Promise<void> {
  await audit.record([resultRecord(execution, outcome, true)]);
}
