import { asId, digestOf, type ProposalId, type Tx, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEntry, HistoryQuestion, HistoryStore } from '../history.ts';

export interface HistoryStoreHarness {
  readonly store: HistoryStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

/** What every store of history must do. */
export function historyStoreContract(name: string, make: () => Promise<HistoryStoreHarness>): void {
  describe(`history store: ${name}`, () => {
    let harness: HistoryStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness.close?.());
    const inTx = <T>(work: (tx: Tx) => Promise<T>) => harness.uow.transaction(work);
    const proposal = (number: number): ProposalId => asId('proposal', `prop_${String(number).padStart(26, '0')}`);
    let keys = 0;
    const freshKey = () => digestOf({ key: ++keys, at: process.hrtime.bigint().toString() });
    const entry = (key: string, number: number, over: Partial<HistoryEntry> = {}): HistoryEntry => ({
      key,
      proposal: proposal(number),
      amount: 1,
      requesters: ['prn_ada', 'agent:desk'],
      approvers: [],
      at: '2026-11-20T10:00:00.000Z',
      forget_at: '2026-11-21T10:00:00.000Z',
      ...over,
    });
    const question = (key: string, over: Partial<HistoryQuestion> = {}): HistoryQuestion => ({
      name: 'fact',
      key,
      kind: 'count',
      counts: 'attempted',
      since: '2026-11-20T09:00:00.000Z',
      ...over,
    });
    const ask = async (asked: HistoryQuestion, except = 99) =>
      (await harness.store.read(null, [asked], proposal(except))).fact;

    test('C6: a fact without uses is nought or nobody', async () => {
      const key = freshKey();
      expect(await ask(question(key))).toBe(0);
      expect(await ask(question(key, { kind: 'sum' }))).toBe(0);
      expect(await ask(question(key, { kind: 'requesters' }))).toEqual([]);
      expect(await harness.store.read(null, [], proposal(1))).toEqual({});
    });

    test('C6: counts, sums and people of one key, inside the window, without the proposal that asks', async () => {
      const [key, other] = [freshKey(), freshKey()];
      await inTx((tx) =>
        harness.store.take(tx, [
          entry(key, 1, { amount: 40, approvers: ['prn_cy'] }),
          entry(key, 2, { amount: -2, requesters: ['prn_bob'], approvers: ['prn_cy', 'prn_di'] }),
          entry(key, 3, { amount: 500, at: '2026-11-20T09:00:00.000Z' }),
          entry(other, 1, { amount: 7 }),
        ]),
      );
      expect(await ask(question(key))).toBe(2);
      expect(await ask(question(key), 2)).toBe(1);
      expect(await ask(question(key, { kind: 'sum' }))).toBe(38);
      expect(await ask(question(key, { kind: 'requesters' }))).toEqual(['agent:desk', 'prn_ada', 'prn_bob']);
      expect(await ask(question(key, { kind: 'approvers' }))).toEqual(['prn_cy', 'prn_di']);
      expect(await ask(question(other, { kind: 'sum' }))).toBe(7);
    });

    test('C6: what is in flight counts as attempted, and as succeeded once it has; what had no effect never counted', async () => {
      const key = freshKey();
      await inTx((tx) => harness.store.take(tx, [entry(key, 1), entry(key, 2), entry(key, 3)]));
      await inTx((tx) => harness.store.succeed(tx, proposal(1)));
      await inTx((tx) => harness.store.release(tx, proposal(2)));
      expect(await ask(question(key))).toBe(2);
      expect(await ask(question(key, { counts: 'succeeded' }))).toBe(1);
    });

    test('C6: a transaction sees what it has taken, and a failed one leaves nothing', async () => {
      const key = freshKey();
      const failed = inTx(async (tx) => {
        await harness.store.lock(tx, [key, key]);
        await harness.store.take(tx, [entry(key, 1)]);
        expect((await harness.store.read(tx, [question(key)], proposal(99))).fact).toBe(1);
        throw new Error('undone');
      });
      await expect(failed).rejects.toThrow('undone');
      expect(await ask(question(key))).toBe(0);
    });

    test('C6: a sum that is not exact any more is an error, never a rounded number', async () => {
      const key = freshKey();
      const amount = Number.MAX_SAFE_INTEGER;
      await inTx((tx) => harness.store.take(tx, [entry(key, 1, { amount }), entry(key, 2, { amount })]));
      await expect(ask(question(key, { kind: 'sum' }))).rejects.toThrow(/not exact/);
    });

    test('what nobody asks for any more is forgotten', async () => {
      const key = freshKey();
      await inTx((tx) =>
        harness.store.take(tx, [entry(key, 1, { forget_at: '2026-11-20T11:00:00.000Z' }), entry(key, 2)]),
      );
      expect(await harness.store.forget('2026-11-20T11:00:00.000Z')).toBeGreaterThanOrEqual(1);
      expect(await ask(question(key))).toBe(1);
    });
  });
}
