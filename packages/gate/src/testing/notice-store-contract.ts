import { fixedClock, newId, type UnitOfWork } from '@portreeve/contract';
import { TEST_NOW } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notice, NoticeStore } from '../ports.ts';

export interface NoticeStoreHarness {
  readonly store: NoticeStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock(TEST_NOW);

/** What every {@link NoticeStore} promises. */
export function noticeStoreContract(name: string, make: () => Promise<NoticeStoreHarness>): void {
  describe(`C2: notice store: ${name}`, () => {
    let harness: NoticeStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const posted = async (groups: string[], run: Notice['run'] = null): Promise<Notice> => {
      clock.advance(1000);
      const notice: Notice = {
        decision: newId('decision', clock),
        groups,
        proposal: newId('proposal', clock),
        run,
        workflow: 'incident-summary',
        text: 'It goes ahead: "ü" 😀 \'; drop table notices; --',
        posted_at: clock.now().toISOString(),
      };
      await harness.uow.transaction((tx) => harness.store.insert(tx, notice));
      return notice;
    };

    test('a group finds what it was told, newest first, and nothing else', async () => {
      const first = await posted(['leads', 'a "quoted", {odd} group'], newId('run', clock));
      const second = await posted(['leads']);
      const third = await posted(['finance']);
      expect(await harness.store.list({ groups: ['leads'], limit: 10 })).toEqual([second, first]);
      expect(await harness.store.list({ groups: ['leads', 'finance'], limit: 2 })).toEqual([third, second]);
      expect(await harness.store.list({ groups: ['a "quoted", {odd} group'], limit: 10 })).toEqual([first]);
      expect(await harness.store.list({ groups: ['nobody'], limit: 10 })).toEqual([]);
      expect(await harness.store.list({ groups: [], limit: 10 })).toEqual([]);
    });

    test('I3: older ones follow page by page, also those of one moment, whatever comes meanwhile', async () => {
      const told = [];
      for (let i = 0; i < 3; i++) told.unshift(await posted(['paged']));
      const at = told[0]!.posted_at;
      for (let i = 0; i < 4; i++) {
        const notice: Notice = {
          ...told[0]!,
          decision: newId('decision', clock),
          proposal: newId('proposal', clock),
          posted_at: at,
        };
        await harness.uow.transaction((tx) => harness.store.insert(tx, notice));
        told.push(notice);
      }
      const whole = await harness.store.list({ groups: ['paged'], limit: 10 });
      expect(new Set(whole)).toEqual(new Set(told));
      const seen = await harness.store.list({ groups: ['paged'], limit: 2 });
      for (let after = seen.at(-1)?.decision; after !== undefined; ) {
        await posted(['paged']);
        const page = await harness.store.list({ groups: ['paged'], limit: 2, after });
        seen.push(...page);
        after = page.at(-1)?.decision;
      }
      expect(seen).toEqual(whole);
      expect(await harness.store.list({ groups: ['paged'], limit: 9, after: newId('decision', clock) })).toEqual([]);
      // Of a notice to other groups one learns no more than one may see.
      const other = await posted(['others']);
      expect(await harness.store.list({ groups: ['others'], limit: 9, after: other.decision })).toEqual([]);
    });

    test('G3: nothing of a transaction that fails stays', async () => {
      const { decision: _, ...rest } = await posted(['undone']);
      await expect(
        harness.uow.transaction(async (tx) => {
          await harness.store.insert(tx, { ...rest, decision: newId('decision', clock) });
          throw new Error('disk full');
        }),
      ).rejects.toThrow('disk full');
      expect(await harness.store.list({ groups: ['undone'], limit: 10 })).toHaveLength(1);
    });
  });
}
