import { type ExecutionId, type GrantId, PortreeveError } from '@portreeve/contract';
import type { ExecuteStore, SecretReader, StoredExecution, StoredGrant } from '../ports.ts';

/** The store in memory. Works with `memoryUnitOfWork`, which puts back what a failed transaction changed. */
export function memoryExecuteStore(): ExecuteStore & { snapshot(): () => void } {
  let grantsById = new Map<GrantId, StoredGrant>();
  let executionsById = new Map<ExecutionId, StoredExecution>();

  return {
    snapshot() {
      const grants = new Map(grantsById);
      const executions = new Map(executionsById);
      return () => {
        grantsById = grants;
        executionsById = executions;
      };
    },
    async insertGrant(_tx, grant) {
      if (grantsById.has(grant.id)) throw new PortreeveError('conflict', `There is a grant ${grant.id} already.`);
      grantsById.set(grant.id, grant);
    },
    async moveGrant(_tx, id, from, to) {
      const grant = grantsById.get(id);
      if (grant?.state !== from) return null;
      const moved = { ...grant, state: to };
      grantsById.set(id, moved);
      return moved;
    },
    async grant(_tx, id) {
      return grantsById.get(id) ?? null;
    },
    async moveGrantsOver(_tx, now, from, to) {
      const over = [...grantsById.values()].filter(
        (grant) => grant.state === from && new Date(grant.expires_at) <= now,
      );
      for (const grant of over) grantsById.set(grant.id, { ...grant, state: to });
      return over.map((grant) => grant.id).sort();
    },
    async insertExecution(_tx, execution) {
      for (const other of executionsById.values()) {
        if (other.id === execution.id || other.grant === execution.grant) {
          throw new PortreeveError('conflict', 'The grant has an execution already.');
        }
      }
      executionsById.set(execution.id, execution);
    },
    async finishExecution(_tx, id, { from, to }, outcome, ended_at) {
      const execution = executionsById.get(id);
      if (execution?.state !== from) return false;
      executionsById.set(id, { ...execution, state: to, outcome, ended_at: ended_at.toISOString() });
      return true;
    },
    async execution(id) {
      const newest = [...executionsById.values()].sort(byStart).reverse();
      return newest.find(({ id: own, grant, proposal }) => [own, grant, proposal].includes(id as never)) ?? null;
    },
    async executionsIn(state, limit) {
      const found = [...executionsById.values()].filter((execution) => execution.state === state);
      return found.sort(byStart).slice(0, limit);
    },
  };
}

function byStart(a: StoredExecution, b: StoredExecution): number {
  return a.started_at === b.started_at ? (a.id < b.id ? -1 : 1) : a.started_at < b.started_at ? -1 : 1;
}

/** Secrets from a table, counting how often each was read. */
export function memorySecrets(valuesByName: Readonly<Record<string, string>> = {}): SecretReader & { reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    async read(name) {
      reads.push(name);
      return valuesByName[name] ?? null;
    },
  };
}
