import { asId, fixedClock, type Handoff, newId, type RunId, type UnitOfWork } from '@portreeve/contract';
import { TEST_NOW } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HandoffStore } from '../ports.ts';

export interface HandoffStoreHarness {
  readonly store: HandoffStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock(TEST_NOW);

export function testHandoff(over: Partial<Handoff> = {}): Handoff {
  // Ids of one millisecond do not sort; these are made one after the other.
  clock.advance(1);
  return {
    id: newId('handoff', clock),
    kind: 'failed_action',
    state: 'open',
    run: null,
    proposal: null,
    workflow: 'incident-summary',
    why: 'It failed: "no" \u0000 ü',
    context: { args: { case_id: 'case-7' }, list: [1, null, '😀'] },
    next: 'Do it by hand.',
    created_at: clock.now().toISOString(),
    closed_at: null,
    ...over,
  };
}

/** What every {@link HandoffStore} promises. Each test looks at runs of its own, so one store may serve them all. */
export function handoffStoreContract(name: string, make: () => Promise<HandoffStoreHarness>): void {
  describe(`I8: hand-off store: ${name}`, () => {
    let harness: HandoffStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const inTx: UnitOfWork['transaction'] = (fn) => harness.uow.transaction(fn);
    const inserted = async (over: Partial<Handoff> = {}): Promise<Handoff> => {
      const handoff = testHandoff(over);
      await inTx((tx) => harness.store.insert(tx, handoff));
      return handoff;
    };
    const close = (handoff: Handoff, at: string) => inTx((tx) => harness.store.close(tx, handoff.id, at));
    const ids = async (...args: Parameters<HandoffStore['list']>) =>
      (await harness.store.list(...args)).map((handoff) => handoff.id);

    test('work comes back as it went in', async () => {
      const handoff = await inserted({ run: newId('run', clock), proposal: newId('proposal', clock) });
      expect(await harness.store.get(handoff.id)).toEqual(handoff);
      expect(await harness.store.get(asId('handoff', 'hand_nobody'))).toBeNull();
    });

    test('is closed once, also by twenty at once', async () => {
      const handoff = await inserted();
      const at = clock.now().toISOString();
      const closed = await Promise.all(Array.from({ length: 20 }, () => close(handoff, at)));
      expect(closed.filter(Boolean)).toHaveLength(1);
      expect(await harness.store.get(handoff.id)).toEqual({ ...handoff, state: 'done', closed_at: at });
      expect(await close(testHandoff(), at)).toBe(false);
    });

    test('G3: nothing of a transaction that fails stays', async () => {
      const handoff = await inserted();
      const other = testHandoff();
      await expect(
        inTx(async (tx) => {
          await harness.store.insert(tx, other);
          await harness.store.close(tx, handoff.id, clock.now().toISOString());
          throw new Error('disk full');
        }),
      ).rejects.toThrow('disk full');
      expect(await harness.store.get(other.id)).toBeNull();
      expect(await harness.store.get(handoff.id)).toEqual(handoff);
    });

    test('is listed oldest first, by state and run, page by page', async () => {
      const run: RunId = newId('run', clock);
      const first = await inserted({ run });
      const second = await inserted({ run, kind: 'error' });
      const third = await inserted({ run, kind: 'unknown_outcome' });
      await inserted({ run: newId('run', clock) });
      await close(second, clock.now().toISOString());
      expect(await ids({ run })).toEqual([first.id, second.id, third.id]);
      expect(await ids({ run, state: 'open' })).toEqual([first.id, third.id]);
      expect(await ids({ run, state: 'done' })).toEqual([second.id]);
      expect(await ids({ run, limit: 2 })).toEqual([first.id, second.id]);
      expect(await ids({ run, limit: 2, after: second.id })).toEqual([third.id]);
      expect(await ids({ run, after: third.id })).toEqual([]);
    });
  });
}
