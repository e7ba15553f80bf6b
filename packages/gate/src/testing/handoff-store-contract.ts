import {
  asId,
  ESCALATIONS_MAX,
  fixedClock,
  type Handoff,
  newId,
  type RunId,
  type UnitOfWork,
} from '@portreeve/contract';
import { TEST_NOW } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HandoffPatch, HandoffStore } from '../ports.ts';

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
    about: 'publish_case_summary',
    context: { args: { case_id: 'case-7' }, list: [1, null, '😀'] },
    label: { confidentiality: 'internal', categories: ['customer'] },
    tried: ['It was called.'],
    material: [{ name: 'answer', label: { confidentiality: 'confidential', categories: [] }, value: { text: 'ü' } }],
    procedure: { title: 'By hand', steps: ['Write it.'], group: 'desk', due_minutes: 60 },
    awaits: { type: 'object' },
    result: null,
    requester: null,
    group: 'desk',
    assignee: null,
    level: 0,
    due_at: new Date(clock.now().getTime() + 3_600_000).toISOString(),
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
    const update = (handoff: Handoff, patch: HandoffPatch) =>
      inTx(async (tx) => {
        const locked = await harness.store.lock(tx, handoff.id);
        if (locked?.state === 'done') return false;
        await harness.store.update(tx, locked!, patch);
        return true;
      });
    const close = (handoff: Handoff, at: string) => update(handoff, { state: 'done', closed_at: at });
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
    });

    test('what changes changes, and nothing else', async () => {
      const handoff = await inserted();
      const assignee = newId('principal', clock);
      const at = clock.now().toISOString();
      await update(handoff, { state: 'taken', assignee });
      await update(handoff, { level: 1, group: 'leads', due_at: at });
      const patch = {
        ...{ state: 'done', closed_at: at, material: [], result: { value: { text: 'x' }, by: assignee, at } },
        label: { confidentiality: 'confidential', categories: ['customer'] },
      } satisfies HandoffPatch;
      await update(handoff, patch);
      const now = { ...handoff, assignee, level: 1, group: 'leads', due_at: at, ...patch };
      expect(await harness.store.get(handoff.id)).toEqual(now);
    });

    test('work that nobody finished in time is found until it has gone up as far as it can', async () => {
      const early = '2020-01-01T00:00:00.000Z';
      const at = '2020-01-02T00:00:00.000Z';
      const overdue = await inserted({ due_at: early });
      const highest = await inserted({ due_at: early, level: ESCALATIONS_MAX });
      const finished = await inserted({ due_at: early });
      await close(finished, at);
      const later = await inserted({ due_at: '2020-01-03T00:00:00.000Z' });
      const due = await harness.store.due(at, 1000);
      expect(due).toContain(overdue.id);
      for (const each of [highest, finished, later]) expect(due).not.toContain(each.id);
      expect(await harness.store.due(early, 1000)).toContain(overdue.id);
    });

    test('G3: nothing of a transaction that fails stays', async () => {
      const handoff = await inserted();
      const other = testHandoff();
      await expect(
        inTx(async (tx) => {
          await harness.store.insert(tx, other);
          await harness.store.update(tx, handoff, { state: 'done', closed_at: clock.now().toISOString() });
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
      expect(await ids({ run, states: ['open', 'taken'] })).toEqual([first.id, third.id]);
      expect(await ids({ run, states: ['done'] })).toEqual([second.id]);
      expect(await ids({ run, kind: 'error' })).toEqual([second.id]);
      expect(await ids({ run, group: 'desk' })).toEqual([first.id, second.id, third.id]);
      expect(await ids({ run, group: 'leads' })).toEqual([]);
      const assignee = newId('principal', clock);
      await update(third, { state: 'taken', assignee });
      expect(await ids({ assignee })).toEqual([third.id]);
      expect(await ids({ run, limit: 2 })).toEqual([first.id, second.id]);
      expect(await ids({ run, limit: 2, after: second.id })).toEqual([third.id]);
      expect(await ids({ run, after: third.id })).toEqual([]);
      const newest = { by: 'id', descending: true } as const;
      expect(await ids({ run, order: newest, limit: 2 })).toEqual([third.id, second.id]);
      expect(await ids({ run, order: newest, after: second.id })).toEqual([first.id]);
      const byKind = { by: 'kind', descending: false } as const;
      const all = await harness.store.list({ run, order: byKind });
      expect(all.map(({ kind }) => kind)).toEqual(all.map(({ kind }) => kind).sort());
      const pages = [await ids({ run, order: byKind, limit: 1 })];
      while (pages.at(-1)!.length > 0)
        pages.push(await ids({ run, order: byKind, limit: 1, after: pages.at(-1)![0]! }));
      expect(pages.flat()).toEqual(all.map(({ id }) => id));
    });
  });
}
