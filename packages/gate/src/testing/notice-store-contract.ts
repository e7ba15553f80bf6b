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
