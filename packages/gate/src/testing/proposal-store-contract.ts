import {
  asId,
  type CallOutcome,
  digestOf,
  fixedClock,
  newId,
  type Proposal,
  type ProposalId,
  type ProposalState,
  type UnitOfWork,
} from '@portreeve/contract';
import { TEST_NOW, testContract, testDecision, testProposal } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProposalStore, StoredProposal } from '../ports.ts';

export interface ProposalStoreHarness {
  readonly store: ProposalStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock(TEST_NOW);

/** What every {@link ProposalStore} promises. The tests look only at what they made, so one store may serve them all. */
export function proposalStoreContract(name: string, make: () => Promise<ProposalStoreHarness>): void {
  describe(`proposal store: ${name}`, () => {
    let harness: ProposalStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const inTx: UnitOfWork['transaction'] = (fn) => harness.uow.transaction(fn);
    const fresh = (over: Partial<StoredProposal> = {}): StoredProposal => ({
      proposal: testProposal(clock, {
        args: {
          case_id: 'case-7',
          summary: "\u0000 ü 😀 '; drop table proposals; --",
          nested: [{ n: 1.5 }, null, true],
        },
        provenance: [{ path: '/summary', kind: 'model', origins: ['model:summarize'] }],
      }),
      workflow: {
        name: 'incident-summary',
        tier: 'medium',
        tools: ['publish_case_summary'],
        sources: [],
        approvers: [],
      },
      contract: testContract(),
      approval_timeout_minutes: 60,
      injection: 640,
      history: {
        today: { kind: 'count', tools: ['publish_case_summary'], by: ['principal'], window: '1d', counts: 'attempted' },
      },
      narrowed: { profiles: ['short'], asked: { summary: 'longer' } },
      preview_of: null,
      state: 'awaiting_approval',
      decision: testDecision(clock, { outcome: 'approve' }),
      amended_by: null,
      planted: false,
      approval: newId('approval', clock),
      grant: null,
      execution: null,
      outcome: null,
      handoff: null,
      succeeded_at: null,
      companions: [testContract({ name: 'retract_case_summary' })],
      serves: { purpose: 'undo', of: asId('proposal', 'prop_served') },
      settlement: null,
      ...over,
    });
    const inserted = async (over: Partial<StoredProposal> = {}): Promise<StoredProposal> => {
      const stored = fresh(over);
      expect(await inTx((tx) => harness.store.insert(tx, stored))).toBe(true);
      return stored;
    };
    const get = (id: ProposalId) => harness.store.get(id);

    test('a proposal comes back as it went in, read or locked', async () => {
      const stored = await inserted();
      expect(await get(stored.proposal.id)).toEqual(stored);
      expect(await inTx((tx) => harness.store.lock(tx, stored.proposal.id))).toEqual(stored);
      expect(await inTx((tx) => harness.store.hold(tx, stored.proposal.id))).toEqual({
        state: stored.state,
        grant: stored.grant,
      });
    });

    test('what is not there is null', async () => {
      const nobody = asId('proposal', 'prop_nobody');
      expect(await get(nobody)).toBeNull();
      expect(await inTx((tx) => harness.store.lock(tx, nobody))).toBeNull();
      expect(await inTx((tx) => harness.store.hold(tx, nobody))).toBeNull();
    });

    test('a second proposal under one id is told so and changes nothing', async () => {
      const stored = await inserted();
      const other = { ...stored, state: 'approved' as const, decision: testDecision(clock), approval: null };
      expect(await inTx((tx) => harness.store.insert(tx, other))).toBe(false);
      expect(await get(stored.proposal.id)).toEqual(stored);
    });

    test('F9: of twenty that insert one id at once, one does', async () => {
      const stored = fresh();
      const all = await Promise.all(Array.from({ length: 20 }, () => inTx((tx) => harness.store.insert(tx, stored))));
      expect(all.filter(Boolean)).toHaveLength(1);
      expect(await get(stored.proposal.id)).toEqual(stored);
    });

    test('an update writes what it names and leaves the rest', async () => {
      const stored = await inserted({ state: 'approved' });
      const { id } = stored.proposal;
      const decision = testDecision(clock);
      const grant = newId('grant', clock);
      await inTx((tx) => harness.store.update(tx, stored.proposal, { state: 'granted', decision, grant }));
      const granted = { ...stored, state: 'granted', decision, grant };
      expect(await get(id)).toEqual(granted);
      await inTx((tx) => harness.store.update(tx, stored.proposal, { grant: null }));
      expect(await get(id)).toEqual({ ...granted, grant: null });
    });

    test.each<CallOutcome>([
      { state: 'succeeded', status: 201, result: { published: true, list: [1, 'ü', null] }, duration_ms: 7 },
      { state: 'succeeded', status: 204, result: null, duration_ms: 0 },
      { state: 'failed', status: 409, reason: 'it said no', duration_ms: 3 },
      { state: 'failed', reason: 'there is no credential', duration_ms: 0 },
      { state: 'unknown', reason: 'the connection broke', duration_ms: 5000 },
    ])('keeps how the execution ended: $state', async (outcome) => {
      const { proposal } = await inserted({ state: 'granted' });
      const ended = {
        state: outcome.state as ProposalState,
        execution: newId('execution', clock),
        outcome,
        handoff: outcome.state === 'succeeded' ? null : newId('handoff', clock),
      };
      await inTx((tx) => harness.store.update(tx, proposal, ended));
      expect(await get(proposal.id)).toMatchObject(ended);
      expect((await get(proposal.id))?.outcome).toEqual(outcome);
    });

    test('F9: what is to be settled by now is found, oldest first, and no more once it is', async () => {
      const at = (ms: number) => new Date(Date.parse(TEST_NOW) + ms).toISOString();
      const settlement = (ms: number) => ({
        calls: [{ execution: newId('execution', clock), lost_at: at(0), reason: "cut ü '; --" }],
        ...{ tries: [], next: { way: 'retry' as const, at: at(ms) }, quiet_at: at(305_000) },
      });
      const late = await inserted({ state: 'settling', settlement: settlement(5000) });
      const soon = await inserted({ state: 'settling', settlement: settlement(1000) });
      const ids = async (ms: number) => {
        const due = await harness.store.settlingBy(new Date(Date.parse(TEST_NOW) + ms), 1000);
        return due.filter((id) => id === late.proposal.id || id === soon.proposal.id);
      };
      expect(await get(soon.proposal.id)).toEqual(soon);
      expect([await ids(999), await ids(1000)]).toEqual([[], [soon.proposal.id]]);
      expect(await ids(9000)).toEqual([soon.proposal.id, late.proposal.id]);
      const ended = { ...settlement(1000), next: null };
      await inTx((tx) => harness.store.update(tx, soon.proposal, { state: 'succeeded', settlement: ended }));
      expect((await get(soon.proposal.id))?.settlement).toEqual(ended);
      expect(await ids(9000)).toEqual([late.proposal.id]);
    });

    test('F10: the effects of a run are found, what nobody knows of first, then the latest', async () => {
      const run = newId('run', clock);
      const effect = async (state: ProposalState, second: number | null) => {
        const succeeded_at = second === null ? null : new Date(Date.parse(TEST_NOW) + second * 1000).toISOString();
        return (await inserted({ proposal: testProposal(clock, { run }), state, succeeded_at })).proposal.id;
      };
      const first = await effect('succeeded', 1);
      const [third, fourth] = [await effect('succeeded', 3), await effect('succeeded', 3)];
      const second = await effect('succeeded', 2);
      await effect('failed', null);
      const unknown = await effect('unknown', null);
      const found = (await harness.store.effectsIn(run, 10)).map(({ proposal }) => proposal.id);
      expect(found).toEqual([unknown, fourth, third, second, first]);
    });

    test('H6: the same call that succeeded before is found: in its run, or lately by the same principal', async () => {
      const run = newId('run', clock);
      const since = new Date(Date.parse(TEST_NOW) - 1000);
      const succeeded_at = TEST_NOW;
      // The digest holds neither the id nor the run: two of one content are the same call.
      const call = (over: Partial<Proposal>) => ({ ...testProposal(clock, over), digest: digestOf([String(run)]) });
      const store = harness.store;
      expect(await store.repeats(call({ run }), since)).toBe(false);
      await inserted({ proposal: call({ run }), state: 'failed', succeeded_at: null });
      expect(await store.repeats(call({ run }), since)).toBe(false);
      const first = call({ run });
      await inserted({ proposal: first, state: 'succeeded', succeeded_at });
      expect(await store.repeats(first, since)).toBe(false);
      expect(await store.repeats(call({ run }), since)).toBe(true);
      expect(await store.repeats(call({ run: newId('run', clock) }), since)).toBe(false);
      expect(await store.repeats(call({ run: null }), since)).toBe(false);
      await inserted({ proposal: call({ run: null }), state: 'succeeded', succeeded_at });
      expect(await store.repeats(call({ run: null }), since)).toBe(true);
      expect(await store.repeats(call({ run: null }), new Date(Date.parse(TEST_NOW) + 1))).toBe(false);
    });

    test('G3: nothing of a transaction that fails stays', async () => {
      const stored = await inserted();
      const other = fresh();
      await expect(
        inTx(async (tx) => {
          await harness.store.update(tx, stored.proposal, { state: 'approved' });
          await harness.store.insert(tx, other);
          throw new Error('disk full');
        }),
      ).rejects.toThrow('disk full');
      expect(await get(stored.proposal.id)).toEqual(stored);
      expect(await get(other.proposal.id)).toBeNull();
    });

    test('F9: who holds the lock is alone: of twenty that move it at once, one does', async () => {
      const { proposal } = await inserted({ state: 'approved' });
      const moves = await Promise.all(
        Array.from({ length: 20 }, () =>
          inTx(async (tx) => {
            const current = await harness.store.lock(tx, proposal.id);
            if (current?.state !== 'approved') return false;
            await harness.store.update(tx, proposal, { state: 'granted' });
            return true;
          }),
        ),
      );
      expect(moves.filter(Boolean)).toHaveLength(1);
    });
  });
}
