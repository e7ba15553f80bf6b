import { fixedClock, newId, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LeaseStore, StoredLease } from '../ports.ts';
import { TEST_NOW } from './fixture.ts';

/** What every {@link LeaseStore} must do. */
export function leaseStoreContract(
  name: string,
  make: () => Promise<{ store: LeaseStore; uow: UnitOfWork; close?: () => Promise<void> }>,
): void {
  describe(`lease store: ${name}`, () => {
    const clock = fixedClock(TEST_NOW);
    let store: LeaseStore;
    let uow: UnitOfWork;
    let close: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      ({ store, uow, close } = await make());
    });
    afterAll(() => close?.());

    let serial = 0;
    const keep = async (change: Partial<StoredLease> = {}): Promise<StoredLease> => {
      const lease: StoredLease = {
        id: `database/creds/x/${++serial}`,
        credential: 'case-db',
        tool: 'publish_case_summary',
        execution: newId('execution', clock),
        instance: 'executor-1',
        expires_at: '2026-11-20T13:00:00.000Z',
        left_open: false,
        ...change,
      };
      await uow.transaction((tx) => store.insertLease(tx, lease));
      return lease;
    };
    const found = async (id: string) => (await store.leases(1000)).find((lease) => lease.id === id) ?? null;

    test('gives back a lease as it was kept, and refuses a second of the same id', async () => {
      const lease = await keep();
      expect(await found(lease.id)).toEqual(lease);
      await expect(uow.transaction((tx) => store.insertLease(tx, lease))).rejects.toThrow();
    });

    test('changes one that is kept, and says so of one that is not', async () => {
      const lease = await keep();
      const change = { expires_at: '2026-11-20T14:00:00.000Z', left_open: true };
      expect(await uow.transaction((tx) => store.updateLease(tx, lease.id, change))).toBe(true);
      expect(await found(lease.id)).toEqual({ ...lease, ...change });
      expect(await uow.transaction((tx) => store.updateLease(tx, 'no/such', change))).toBe(false);
    });

    test('of several that forget a lease at once, one gets it', async () => {
      const { id } = await keep();
      const forgotten = await Promise.all(
        Array.from({ length: 8 }, () => uow.transaction((tx) => store.deleteLease(tx, id))),
      );
      expect(forgotten.filter(Boolean)).toHaveLength(1);
      expect(await found(id)).toBeNull();
    });

    test('lists the oldest first, at most as many as asked', async () => {
      const late = await keep({ expires_at: '2020-01-02T00:00:00.000Z' });
      const early = await keep({ expires_at: '2020-01-01T00:00:00.000Z' });
      expect((await store.leases(2)).map((lease) => lease.id)).toEqual([early.id, late.id]);
    });
  });
}
