import { type Approval, asId, digestOf, fixedClock, type Preview, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalStore, StoredApproval, StoredVerdict } from '../ports.ts';
import { requestIn } from '../request.ts';
import { testDecision, testPerson, testProposal, testVerdict } from './fixtures.ts';

export interface ApprovalStoreHarness {
  readonly store: ApprovalStore;
  readonly uow: UnitOfWork;
  close(): Promise<void>;
}

const nudges = { remind: '2026-11-02T09:30:00.000Z', escalate: '2026-11-02T09:48:00.000Z' };
const AT = '2026-11-02T09:00:00.000Z';
const clock = fixedClock(AT);
const audit = { append: async () => undefined, record: async () => undefined };
const requester = testPerson(clock, 'rita', { roles: ['requester'] });
const [ana, bo] = [testPerson(clock, 'ana'), testPerson(clock, 'bo')];

/** What every {@link ApprovalStore} promises. The tests look only at what they made, so one store may serve them all. */
export function approvalStoreContract(name: string, make: () => Promise<ApprovalStoreHarness>): void {
  describe(`approval store: ${name}`, () => {
    let harness: ApprovalStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close());

    const inTx: UnitOfWork['transaction'] = (fn) => harness.uow.transaction(fn);
    const open = (groups: string[] = ['security'], timeout_minutes = 60, preview: Preview | null = null) =>
      inTx((tx) =>
        requestIn({ store: harness.store, audit, clock }, tx, {
          proposal: testProposal(clock, requester.principal),
          decision: testDecision(clock),
          demands: [{ groups, quorum: 2 }],
          timeout_minutes,
          preview,
        }),
      );
    const stored = async (approval: Approval): Promise<StoredApproval> => (await harness.store.get(approval.id))!;
    const verdict = async (approval: Approval, person = ana, nonce?: string): Promise<StoredVerdict> => ({
      signed: await testVerdict(clock, approval, person, 'approve', nonce === undefined ? {} : { nonce }),
      in_place_of: null,
      groups: ['security'],
    });
    const add = (approval: Approval, given: StoredVerdict) =>
      inTx((tx) => harness.store.addVerdict(tx, approval.id, given));

    test('an approval comes back as it went in: by id, by proposal, locked', async () => {
      const approval = await open(['security', 'a "quoted", {odd} group']);
      const back = await stored(approval);
      const { refs, verdicts, ...head } = back;
      expect({ ...head, verdicts }).toEqual(approval);
      expect(refs).toMatchObject({ approval: approval.id, proposal: approval.proposal, tool: 'publish_case_summary' });
      expect(await inTx((tx) => harness.store.byProposal(tx, approval.proposal))).toEqual(back);
      expect(await inTx((tx) => harness.store.lock(tx, approval.id))).toEqual(back);
      const nothing = asId('approval', 'appr_nothing');
      expect(await harness.store.get(nothing)).toBeNull();
      expect(await inTx((tx) => harness.store.lock(tx, nothing))).toBeNull();
      expect(await inTx((tx) => harness.store.byProposal(tx, asId('proposal', 'prop_nothing')))).toBeNull();
    });

    test('F3: what was shown beforehand comes back as it was shown, and goes with its transaction', async () => {
      const preview: Preview = {
        state: 'made',
        tool: 'preview_case_summary',
        tool_version: '1.0.0',
        proposal: asId('proposal', 'prop_preview'),
        execution: asId('execution', 'exec_preview'),
        made_at: AT,
        label: { integrity: 'untrusted', confidentiality: 'internal', categories: ['personal'], origins: ['a', 'b'] },
        form: 'diff',
        declared: ['after', 'before'],
        result: { before: null, after: { 'a/b~': "\u0000 \u202e '); drop table approvals; --", n: [1.5, null] } },
      };
      const approval = await open(['security'], 60, preview);
      expect((await stored(approval)).preview_digest).toBe(digestOf(preview));
      expect(await harness.store.preview(approval.id)).toEqual(preview);
      const without = await open();
      expect((await stored(without)).preview_digest).toBeNull();
      expect(await harness.store.preview(without.id)).toBeNull();
      expect(await harness.store.preview(asId('approval', 'appr_nothing'))).toBeNull();
    });

    test('a proposal has one approval, also when two are opened at once', async () => {
      const first = await stored(await open());
      const second = { ...first, id: asId('approval', `${first.id}x`) };
      expect(await inTx((tx) => harness.store.insert(tx, second, null, nudges))).toBe(false);
      expect(await harness.store.get(second.id)).toBeNull();
      const proposal = asId('proposal', `prop_${first.id.slice(5)}`);
      const twins = ['a', 'b'].map((letter) => ({ ...first, proposal, id: asId('approval', `${first.id}${letter}`) }));
      const inserted = await Promise.all(
        twins.map((twin) => inTx((tx) => harness.store.insert(tx, twin, null, nudges))),
      );
      expect(inserted.sort()).toEqual([false, true]);
    });

    test('verdicts come back byte for byte, in order, one a person', async () => {
      const approval = await open();
      const [first, second, again] = [await verdict(approval, bo), await verdict(approval), await verdict(approval)];
      expect(await add(approval, first)).toBe(true);
      expect(await add(approval, second)).toBe(true);
      expect(await add(approval, again)).toBe(false);
      expect((await stored(approval)).verdicts).toEqual([first, second]);
    });

    test('a nonce is good for one verdict, on whatever approval', async () => {
      const [one, other] = [await open(), await open()];
      const given = await verdict(one);
      expect(await add(one, given)).toBe(true);
      expect(await add(other, await verdict(other, bo, given.signed.statement.nonce))).toBe(false);
      expect((await stored(other)).verdicts).toEqual([]);
    });

    test('an approval is closed once', async () => {
      const approval = await open();
      const close = (state: 'approved' | 'denied') => inTx((tx) => harness.store.close(tx, approval.id, state, AT));
      expect(await close('approved')).toBe(true);
      expect(await close('denied')).toBe(false);
      expect(await stored(approval)).toMatchObject({ state: 'approved', closed_at: AT });
    });

    test('F4: of many who lock it at once, each sees what the one before has done', async () => {
      const approval = await open();
      const people = Array.from({ length: 6 }, (_, i) => testPerson(clock, `person-${i}`));
      const vote = async (person: (typeof people)[number]) => {
        const given = await verdict(approval, person);
        return inTx(async (tx) => {
          const locked = (await harness.store.lock(tx, approval.id))!;
          if (locked.state !== 'pending') return 'late';
          await harness.store.addVerdict(tx, approval.id, given);
          if (locked.verdicts.length + 1 < locked.quorum) return 'counted';
          return (await harness.store.close(tx, approval.id, 'approved', AT)) ? 'closed' : 'collided';
        });
      };
      const results = await Promise.all(people.map(vote));
      expect(results.sort()).toEqual(['closed', 'counted', 'late', 'late', 'late', 'late']);
      expect((await stored(approval)).verdicts).toHaveLength(2);
    });

    test('what is due: pending, at its time or past it, the oldest first, so many', async () => {
      const [late, soon, exact, closed] = [
        await open(['due'], 60),
        await open(['due'], 10),
        await open(['due'], 20),
        await open(['due'], 5),
      ];
      await inTx((tx) => harness.store.close(tx, closed.id, 'denied', AT));
      const mine = new Set([late.id, soon.id, exact.id, closed.id]);
      const due = (await harness.store.due('2026-11-02T09:20:00.000Z', 1000)).filter((id) => mine.has(id));
      expect(due).toEqual([soon.id, exact.id]);
      expect(await harness.store.due('2026-11-02T09:20:00.000Z', 1)).toHaveLength(1);
    });

    test('F4: each nudge is due once, in its order, and only while it is pending', async () => {
      const [one, closed] = [await open(['nudge'], 60), await open(['nudge'], 60)];
      await inTx((tx) => harness.store.close(tx, closed.id, 'denied', AT));
      const mine = async (kind: 'remind' | 'escalate', now: string) =>
        (await harness.store.nudgesDue(kind, now, 1000)).filter((id) => id === one.id || id === closed.id);
      expect(await mine('remind', '2026-11-02T09:29:59.999Z')).toEqual([]);
      expect(await mine('remind', nudges.remind)).toEqual([one.id]);
      expect(await mine('escalate', nudges.remind)).toEqual([]);
      const nudge = () => inTx((tx) => harness.store.nudged(tx, one.id, 'remind'));
      expect((await Promise.all([nudge(), nudge()])).sort()).toEqual([false, true]);
      expect(await mine('remind', nudges.escalate)).toEqual([]);
      expect(await mine('escalate', nudges.escalate)).toEqual([one.id]);
      expect(await inTx((tx) => harness.store.nudged(tx, closed.id, 'escalate'))).toBe(false);
    });

    test('F4: what several rules ask for comes back as it went in', async () => {
      const demands = [
        { groups: ['legal'], quorum: 1 },
        { groups: ['leads', 'security'], quorum: 2 },
      ];
      const approval = await inTx((tx) =>
        requestIn({ store: harness.store, audit, clock }, tx, {
          ...{ proposal: testProposal(clock, requester.principal), decision: testDecision(clock), preview: null },
          ...{ demands, timeout_minutes: 60 },
        }),
      );
      expect(approval).toMatchObject({ groups: ['leads', 'legal', 'security'], quorum: 2 });
      expect((await stored(approval)).demands).toEqual(approval.demands);
    });

    test('a list is by id, by state and by any of the groups, page by page', async () => {
      const made = [
        await open(['g-one']),
        await open(['g-two']),
        await open(['g-one', 'g-two']),
        await open(['g-other']),
      ];
      await inTx((tx) => harness.store.close(tx, made[1]!.id, 'denied', AT));
      const list = async (fields: Partial<Parameters<ApprovalStore['list']>[0]>) =>
        (
          await harness.store.list({
            state: null,
            groups: ['g-one', 'g-two'],
            confirm_by: null,
            requester: null,
            limit: 100,
            after: null,
            ...fields,
          })
        ).map(({ id }) => id);
      const ids = made.slice(0, 3).map(({ id }) => id);
      expect(await list({})).toEqual([...ids].sort());
      expect(await list({ groups: ['g-one'] })).toEqual([ids[0]!, ids[2]!].sort());
      expect(await list({ state: 'denied' })).toEqual([ids[1]]);
      expect(await list({ groups: [] })).toEqual([]);
      expect(await list({ requester: requester.principal.id })).toHaveLength(3);
      expect(await list({ requester: ana.principal.id })).toEqual([]);
      const sorted = [...ids].sort();
      const oldest = { by: 'id', descending: false } as const;
      expect(await list({ order: { ...oldest, descending: true } })).toEqual(sorted.toReversed());
      expect(await list({ order: { ...oldest, descending: true }, after: sorted[2]!, limit: 1 })).toEqual([sorted[1]]);
      expect(await list({ limit: 1, after: sorted[0]! })).toEqual([sorted[1]]);
      expect(
        (
          await harness.store.list({
            state: null,
            groups: null,
            confirm_by: null,
            requester: null,
            limit: 1,
            after: null,
          })
        ).length,
      ).toBe(1);
    });

    test('F4: with those of one\u2019s groups a list has those that one is to confirm, and only those', async () => {
      const mine = testPerson(clock, 'mina', { roles: ['requester'] });
      const confirmed = await inTx((tx) =>
        requestIn({ store: harness.store, audit, clock }, tx, {
          ...{ proposal: testProposal(clock, mine.principal), decision: testDecision(clock), preview: null },
          ...{ demands: [], confirm: true, reason_chars_min: 10, timeout_minutes: 60 },
        }),
      );
      const grouped = await open(['g-mine']);
      expect(confirmed).toMatchObject({ confirm_by: mine.principal.id, quorum: 0, groups: [], reason_chars_min: 10 });
      const { refs: _, verdicts, ...head } = await stored(confirmed);
      expect({ ...head, verdicts }).toEqual(confirmed);
      const ids = async (confirm_by: Approval['confirm_by']) =>
        (
          await harness.store.list({
            state: 'pending',
            groups: ['g-mine'],
            confirm_by,
            requester: null,
            limit: 9,
            after: null,
          })
        )
          .map(({ id }) => id)
          .sort();
      expect(await ids(mine.principal.id)).toEqual([confirmed.id, grouped.id].sort());
      expect(await ids(ana.principal.id)).toEqual([grouped.id]);
      expect(await ids(null)).toEqual([grouped.id]);
    });

    test('what a failed transaction wrote is gone', async () => {
      const approval = await open();
      const given = await verdict(approval);
      const failing = inTx(async (tx) => {
        await harness.store.addVerdict(tx, approval.id, given);
        await harness.store.close(tx, approval.id, 'approved', AT);
        throw new Error('stop');
      });
      await expect(failing).rejects.toThrow('stop');
      expect(await stored(approval)).toMatchObject({ state: 'pending', verdicts: [] });
      expect(await add(approval, given)).toBe(true);
    });
  });
}
