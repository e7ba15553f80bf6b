import { type AuditWriter, type CallOutcome, type Clock, type ExecutionId, step, type Tx } from '@portreeve/contract';
import { resultRecord } from './outcome.ts';
import type { ExecuteStore, StoredExecution } from './ports.ts';
import { EVENT_OF_OUTCOME, EXECUTION_TABLE } from './states.ts';

export interface Settling {
  readonly store: ExecuteStore;
  readonly audit: AuditWriter;
  readonly clock: Clock;
}

/** Writes how an execution ended and its record, at most once. False where it was settled before: nothing is written then. */
export async function settleIn(
  tx: Tx,
  { store, audit, clock }: Settling,
  execution: StoredExecution,
  outcome: CallOutcome,
): Promise<boolean> {
  const to = step(EXECUTION_TABLE, 'started', EVENT_OF_OUTCOME[outcome.state])!;
  const moved = await store.finishExecution(tx, execution.id, { from: 'started', to }, outcome, clock.now());
  if (moved) await audit.append(tx, [resultRecord(execution, outcome, false)]);
  return moved;
}

/** The outcome that stands of an execution that has been settled. */
export async function outcomeOf(store: Pick<ExecuteStore, 'execution'>, id: ExecutionId): Promise<CallOutcome> {
  const settled = await store.execution(id);
  if (!settled?.outcome) throw new Error(`execution ${id} is neither started nor settled`);
  return settled.outcome;
}
