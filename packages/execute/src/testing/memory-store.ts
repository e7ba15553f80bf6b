import { type Clock, type ExecutionId, type GrantId, PortreeveError, systemClock } from '@portreeve/contract';
import type { ExecuteStore, LeaseStore, SecretStore, StoredExecution, StoredGrant, StoredLease } from '../ports.ts';
import { SecretStoreError } from '../secrets/store-error.ts';

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

/** Leases in memory. Works with `memoryUnitOfWork`. */
export function memoryLeaseStore(): LeaseStore & { snapshot(): () => void } {
  let leasesById = new Map<string, StoredLease>();
  return {
    snapshot() {
      const before = new Map(leasesById);
      return () => {
        leasesById = before;
      };
    },
    async insertLease(_tx, lease) {
      if (leasesById.has(lease.id)) throw new PortreeveError('conflict', 'The lease is kept already.');
      leasesById.set(lease.id, lease);
    },
    async updateLease(_tx, id, change) {
      const lease = leasesById.get(id);
      if (lease) leasesById.set(id, { ...lease, ...change });
      return lease !== undefined;
    },
    async deleteLease(_tx, id) {
      return leasesById.delete(id);
    },
    async leases(limit) {
      const all = [...leasesById.values()];
      return all.sort((a, b) => (a.expires_at < b.expires_at ? -1 : 1)).slice(0, limit);
    },
  };
}

/**
 * Secrets from a table, counting how often each was fetched. A name in `dynamic` is minted with a lease of so many
 * seconds.
 */
export function memorySecrets(
  valuesByName: Readonly<Record<string, string>> = {},
  options: { readonly clock?: Clock; readonly dynamic?: Readonly<Record<string, number>> } = {},
): SecretStore & {
  reads: string[];
  /** Leases that were minted and not taken back. */
  readonly open: ReadonlySet<string>;
  /** Leases that were renewed, in order. */
  readonly renewals: string[];
  /** From now on revoking fails, or not. */
  refuseRevoking(refuse: boolean): void;
} {
  const { clock = systemClock, dynamic = {} } = options;
  const reads: string[] = [];
  const renewals: string[] = [];
  const open = new Set<string>();
  let refuses = false;
  const after = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000);
  return {
    reads,
    open,
    renewals,
    refuseRevoking(refuse) {
      refuses = refuse;
    },
    async fetch(name) {
      reads.push(name);
      const value = valuesByName[name];
      if (value === undefined) return null;
      const seconds = dynamic[name];
      if (seconds === undefined) return { value, lease: null };
      const id = `${name}/lease-${reads.length}`;
      open.add(id);
      return { value, lease: { id, expires_at: after(seconds) } };
    },
    async renew(lease, seconds) {
      renewals.push(lease);
      return { id: lease, expires_at: after(seconds) };
    },
    async revoke(lease) {
      if (refuses) throw new SecretStoreError('the store is away');
      open.delete(lease);
    },
    close: async () => undefined,
  };
}
