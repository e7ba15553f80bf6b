import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LeaseStore } from '../ports.ts';

export interface LeaseStoreHarness {
  readonly store: LeaseStore;
  close?(): Promise<void>;
}

/** What every {@link LeaseStore} promises. Leases of no length stand for those that are over, so that no test waits. */
export function leaseStoreContract(name: string, make: () => Promise<LeaseStoreHarness>): void {
  describe(`J2: lease store: ${name}`, () => {
    let harness: LeaseStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());
    const dead = (...executors: string[]) => harness.store.dead(executors);

    test('who holds a lease lives; who never had one, or whose is over, is dead', async () => {
      const { store } = harness;
      await store.renew('a-living', 60);
      await store.renew('a-late', 0);
      expect(await dead('a-living', 'a-late', 'a-never')).toEqual(['a-late', 'a-never']);
      expect(await dead()).toEqual([]);
    });

    test('a renewal counts from now, in both directions', async () => {
      const { store } = harness;
      await store.renew('b', 0);
      await store.renew('b', 60);
      expect(await dead('b')).toEqual([]);
      await store.renew('b', 0);
      expect(await dead('b')).toEqual(['b']);
    });

    test('a released lease is over at once; releasing again does nothing', async () => {
      const { store } = harness;
      await store.renew('c', 60);
      await store.release('c');
      await store.release('c');
      expect(await dead('c')).toEqual(['c']);
    });

    test('whoever owns the data alone ends every other lease', async () => {
      const { store } = harness;
      for (const executor of ['d-mine', 'd-other', 'd-another']) await store.renew(executor, 60);
      await store.releaseOthers('d-mine');
      expect(await dead('d-mine', 'd-other', 'd-another')).toEqual(['d-other', 'd-another']);
    });

    test('names are names, whatever stands in them', async () => {
      const odd = "'; drop table executor_leases; --";
      await harness.store.renew(odd, 60);
      expect(await dead(odd)).toEqual([]);
    });
  });
}
