import {
  type CallOutcome,
  type ExecutionId,
  type ExecutionState,
  type GrantId,
  type ProposalId,
  step,
  type UnitOfWork,
} from '@portreeve/contract';
import type { StoredExecution } from './ports.ts';
import { outcomeOf, type Settling, settleIn } from './settle.ts';
import { GRANT_TABLE } from './states.ts';

/** Whether the process of this name is certainly gone (its lease is over). */
export type IsDead = (instance: string) => Promise<boolean>;

export interface Recovered {
  readonly execution: ExecutionId;
  readonly state: ExecutionState;
  /** `null` while the process that makes the call may still be alive. */
  readonly outcome: CallOutcome | null;
}

export type RecoveredGrant =
  | { readonly state: 'unused' | 'running' }
  | { readonly state: 'ended'; readonly execution: ExecutionId; readonly outcome: CallOutcome };

export interface Recovery {
  /**
   * What became of a grant whose user is gone: `unused` (and revoked now, so that it stays so), `running` (the process
   * that uses it may be alive), or how its execution ended.
   */
  recoverGrant(grant: GrantId, options: { readonly dead: IsDead }): Promise<RecoveredGrant>;
  /**
   * What became of an execution, of the one of a grant, or of the newest one of a proposal; `null` if there is none. One
   * that was begun by a process that is dead becomes `unknown`, is recorded once, and is never repeated.
   */
  recover(id: ExecutionId | GrantId | ProposalId, options: { readonly dead: IsDead }): Promise<Recovered | null>;
  /** The same for up to `limit` (100) executions that have not ended; gives those that were settled now. */
  recoverAll(options: { readonly dead: IsDead; readonly limit?: number }): Promise<Recovered[]>;
}

export function createRecovery(
  options: Settling & {
    readonly uow: UnitOfWork;
    readonly instance: string;
    readonly running: ReadonlySet<ExecutionId>;
    readonly unwritten: Map<ExecutionId, CallOutcome>;
  },
): Recovery {
  const { store, uow, clock, instance, running, unwritten } = options;

  return {
    async recoverGrant(grant, { dead }) {
      const revoked = await uow.transaction((tx) =>
        store.moveGrant(tx, grant, 'issued', step(GRANT_TABLE, 'issued', 'revoke')!),
      );
      const execution = revoked ? null : await store.execution(grant);
      if (!execution) return { state: 'unused' };
      const { outcome } = await recoverOne(execution, dead);
      return outcome ? { state: 'ended', execution: execution.id, outcome } : { state: 'running' };
    },
    async recover(id, { dead }) {
      const execution = await store.execution(id);
      return execution ? recoverOne(execution, dead) : null;
    },
    async recoverAll({ dead, limit = 100 }) {
      const settled: Recovered[] = [];
      for (const execution of await store.executionsIn('started', limit)) {
        const recovered = await recoverOne(execution, dead);
        if (recovered.outcome) settled.push(recovered);
      }
      return settled;
    },
  };

  async function recoverOne(execution: StoredExecution, dead: IsDead): Promise<Recovered> {
    const { id } = execution;
    if (execution.state !== 'started') return { execution: id, state: execution.state, outcome: execution.outcome };
    const alive = execution.instance === instance ? running.has(id) : !(await dead(execution.instance));
    if (alive) return { execution: id, state: 'started', outcome: null };
    const found = unwritten.get(id) ?? lost(execution);
    const written = await uow.transaction((tx) => settleIn(tx, options, execution, found));
    const outcome = written ? found : await outcomeOf(store, id);
    unwritten.delete(id);
    return { execution: id, state: outcome.state, outcome };
  }

  function lost(execution: StoredExecution): CallOutcome {
    return {
      state: 'unknown',
      reason:
        'the process that made the call ended before the answer was recorded: the call may or may not have happened',
      duration_ms: Math.max(0, clock.now().getTime() - Date.parse(execution.started_at)),
    };
  }
}
