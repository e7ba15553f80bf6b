import { type AuditWriter, type Clock, draft, SYSTEM_ACTOR, type UnitOfWork } from '@portreeve/contract';
import type { CredentialPurpose, Lease, LeaseStore, SecretStore, StoredLease } from '../ports.ts';

/** The credential cannot be had, so nothing was called. The message is ours, as {@link SecretStoreError}'s is. */
export class CredentialUnavailable extends Error {
  override readonly name = 'CredentialUnavailable';
}

/** Runs `fn` once in `ms` milliseconds; what it gives cancels that. */
export type Schedule = (ms: number, fn: () => void) => () => void;

export interface Credentials {
  /**
   * Fetches a credential, lets `call` have it, and forgets it. A minted one is renewed while the call runs and taken back
   * as soon as it ends, however it ends; that is not waited for. Rejects with {@link CredentialUnavailable} before
   * anything was called; what `call` throws is thrown on.
   */
  use<T>(name: string, purpose: CredentialPurpose, call: (credential: string) => Promise<T>): Promise<T>;
  /**
   * Takes back what was left open: leases whose revocation has failed, and those of processes that are dead. Those whose
   * time is over are forgotten. Gives how many are still open.
   */
  takeBack(dead: (instance: string) => Promise<boolean>): Promise<number>;
  /** Resolves once nothing is being given back any more. */
  idle(): Promise<void>;
}

/** A lease is asked to live this much longer than the call may take. */
const MARGIN_MS = 30_000;
const TAKE_BACK_MAX = 100;

export function createCredentials(options: {
  readonly secrets: SecretStore;
  readonly leases: LeaseStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  /** The name of this process, as executions know it. */
  readonly instance: string;
  readonly schedule?: Schedule;
}): Credentials {
  const { secrets, leases, uow, audit, clock, instance, schedule = timer } = options;
  const givingBack = new Set<Promise<void>>();

  return {
    async use(name, purpose, call) {
      const { value, lease } = await fetched(name);
      if (lease === null) return call(value);
      const stored = await kept(lease, name, purpose);
      const stopRenewing = renewing(lease, purpose.timeout_ms + MARGIN_MS);
      try {
        return await call(value);
      } finally {
        stopRenewing();
        // Not waited for: the result of the call goes on record first. It never rejects.
        const giving = giveBack(stored).finally(() => givingBack.delete(giving));
        givingBack.add(giving);
      }
    },

    async takeBack(dead) {
      let open = 0;
      for (const lease of await leases.leases(TAKE_BACK_MAX)) {
        const abandoned = lease.left_open || (lease.instance !== instance && (await dead(lease.instance)));
        if (!abandoned) continue;
        if (Date.parse(lease.expires_at) <= clock.now().getTime()) await end(lease, 'expired');
        else if (await revoked(lease)) await end(lease, 'revoked');
        else {
          if (!lease.left_open) await leave(lease);
          open++;
        }
      }
      return open;
    },

    async idle() {
      while (givingBack.size > 0) await Promise.all(givingBack);
    },
  };

  async function fetched(name: string) {
    const secret = await secrets.fetch(name).catch((error: unknown) => {
      if (error instanceof CredentialUnavailable) throw error;
      throw new CredentialUnavailable(`the credential ${name} could not be read`);
    });
    if (secret === null) throw new CredentialUnavailable(`there is no credential ${name}`);
    return secret;
  }

  /** INVARIANT: a lease is remembered before its secret is used, so that a crash leaves none behind unnoticed. */
  async function kept(lease: Lease, credential: string, { tool, execution }: CredentialPurpose): Promise<StoredLease> {
    const expires_at = lease.expires_at.toISOString();
    const stored = { id: lease.id, credential, tool, execution, instance, expires_at, left_open: false };
    try {
      await uow.transaction((tx) => leases.insertLease(tx, stored));
      return stored;
    } catch {
      await revoked(stored);
      throw new CredentialUnavailable(`the lease of the credential ${credential} cannot be remembered`);
    }
  }

  /** Renews at half of what is left, for as long as the call may take. A renewal that fails is tried again at half of the rest. */
  function renewing(lease: Lease, needed_ms: number): () => void {
    const until = clock.now().getTime() + needed_ms;
    let expires = lease.expires_at.getTime();
    let cancel: () => void = () => undefined;
    let stopped = false;
    const next = (): void => {
      const left = expires - clock.now().getTime();
      if (!stopped && expires < until && left > 1000) cancel = schedule(Math.floor(left / 2), () => void renew());
    };
    const renew = async (): Promise<void> => {
      try {
        const seconds = Math.ceil((until - clock.now().getTime()) / 1000);
        const renewed = await secrets.renew(lease.id, seconds);
        expires = renewed.expires_at.getTime();
        await uow.transaction((tx) =>
          leases.updateLease(tx, lease.id, { expires_at: renewed.expires_at.toISOString() }),
        );
      } catch {
        // The call goes on; its credential may end before it.
      }
      next();
    };
    next();
    return () => {
      stopped = true;
      cancel();
    };
  }

  async function giveBack(lease: StoredLease): Promise<void> {
    try {
      if (await revoked(lease)) await uow.transaction((tx) => leases.deleteLease(tx, lease.id));
      else await leave(lease);
    } catch {
      // The database is away: the lease is still kept there, and found by `takeBack` when this process is gone or asks.
    }
  }

  async function revoked(lease: Pick<StoredLease, 'id'>): Promise<boolean> {
    return secrets.revoke(lease.id).then(
      () => true,
      () => false,
    );
  }

  async function leave(lease: StoredLease): Promise<void> {
    await uow.transaction(async (tx) => {
      if (!(await leases.updateLease(tx, lease.id, { left_open: true }))) return;
      await audit.append(tx, [leaseRecord(lease, 'left_open')]);
    });
  }

  async function end(lease: StoredLease, state: 'revoked' | 'expired'): Promise<void> {
    await uow.transaction(async (tx) => {
      if (!(await leases.deleteLease(tx, lease.id))) return;
      await audit.append(tx, [leaseRecord(lease, state)]);
    });
  }
}

/** What became of a lease that was not simply given back. */
function leaseRecord(lease: StoredLease, state: 'left_open' | 'revoked' | 'expired') {
  return draft({
    type: 'credential.lease',
    key: `credential.lease:${state}:${lease.id}`,
    actor: SYSTEM_ACTOR,
    refs: { execution: lease.execution, tool: lease.tool },
    outcome: state,
    data: { credential: lease.credential, state, expires_at: lease.expires_at },
  });
}

function timer(ms: number, fn: () => void): () => void {
  const handle = setTimeout(fn, ms);
  handle.unref();
  return () => clearTimeout(handle);
}
