import { fixedClock, newId, type ProposalId, type UnitOfWork } from '@portreeve/contract';
import { TEST_NOW, testContract, testDecision, testProposal } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProposalStore } from '../ports.ts';
import type { StoredUndo, StoredUnwinding, UndoStore, UnwindingStore } from '../undo/ports.ts';

export interface UndoStoreHarness {
  readonly proposals: ProposalStore;
  readonly undos: UndoStore;
  readonly unwindings: UnwindingStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock(TEST_NOW);

/** What every {@link UndoStore} and {@link UnwindingStore} promises. The tests look only at what they made. */
export function undoStoreContract(name: string, make: () => Promise<UndoStoreHarness>): void {
  describe(`undo store: ${name}`, () => {
    let harness: UndoStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    async function proposal(state: 'succeeded' | 'unknown' = 'succeeded'): Promise<ProposalId> {
      const made = testProposal(clock);
      await harness.uow.transaction((tx) =>
        harness.proposals.insert(tx, {
          ...{
            proposal: made,
            contract: testContract(),
            state,
            decision: testDecision(clock),
            history: {},
            injection: 0,
          },
          workflow: { name: 'incident-summary', tier: 'low', tools: [], sources: [], approvers: [] },
          ...{
            approval_timeout_minutes: 60,
            narrowed: null,
            amended_by: null,
            planted: false,
            approval: null,
            grant: null,
            outcome: null,
            handoff: null,
          },
          execution: newId('execution', clock),
          ...{
            succeeded_at: clock.now().toISOString(),
            companions: [],
            preview_of: null,
            serves: null,
            settlement: null,
          },
        }),
      );
      return made.id;
    }
    const { principal } = testProposal(clock);
    const undo = (of: ProposalId, over: Partial<StoredUndo> = {}): StoredUndo => ({
      ...{ proposal: of, execution: newId('execution', clock), state: 'requested', number: 1 },
      by_proposal: newId('proposal', clock),
      ...{ asked_by: principal, reason: "wrong ü '; --", asked_at: clock.now().toISOString() },
      ...{ unwinding: null, why: null, handoff: null },
      ...over,
    });
    const move = (from: Parameters<UndoStore['move']>[1], to: StoredUndo) =>
      harness.uow.transaction((tx) => harness.undos.move(tx, from, to));

    test('an undo comes back as it went in, and is nothing before', async () => {
      const id = await proposal();
      expect(await harness.undos.get(id)).toBeNull();
      const asked = undo(id);
      expect(await move('none', asked)).toBe(true);
      expect(await harness.undos.get(id)).toEqual(asked);
      const done = { ...asked, state: 'undone' as const, handoff: newId('handoff', clock) };
      expect(await move('requested', done)).toBe(true);
      expect(await harness.undos.get(id)).toEqual(done);
    });

    test('F10: of twenty that ask at once, one does; a move on what was read before changes nothing', async () => {
      const id = await proposal();
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => move('none', undo(id, { number: n + 1 }))));
      expect(all.filter(Boolean)).toHaveLength(1);
      const kept = await harness.undos.get(id);
      expect(await move('failed', { ...kept!, state: 'requested' })).toBe(false);
      expect(await harness.undos.get(id)).toEqual(kept);
    });

    test('open are those that were asked for, and those whose outcome has come to be known', async () => {
      const [asked, done, lost, learned] = await Promise.all([proposal(), proposal(), proposal(), proposal()]);
      const still = await proposal('unknown');
      const known = await proposal('succeeded');
      await move('none', undo(asked));
      await move('none', undo(done, { state: 'impossible', by_proposal: null }));
      await move('none', undo(lost, { state: 'unknown', by_proposal: still }));
      await move('none', undo(learned, { state: 'unknown', by_proposal: known }));
      const open = (await harness.undos.open(1000)).map(({ proposal: each }) => each);
      expect([asked, done, lost, learned].map((id) => open.includes(id))).toEqual([true, false, false, true]);
    });

    test('G3: nothing of a transaction that fails stays', async () => {
      const id = await proposal();
      await expect(
        harness.uow.transaction(async (tx) => {
          await harness.undos.move(tx, 'none', undo(id));
          throw new Error('disk full');
        }),
      ).rejects.toThrow('disk full');
      expect(await harness.undos.get(id)).toBeNull();
    });

    test('an unwinding moves only from what was looked at', async () => {
      const { unwindings, uow } = harness;
      const begun: StoredUnwinding = {
        ...{ run: newId('run', clock), workflow: 'incident-summary', state: 'unwinding', number: 1, key: null },
        ...{
          asked_by: principal,
          reason: 'wrong',
          ahead: [newId('proposal', clock)],
          undone: [],
          left: [],
          handoff: null,
        },
      };
      const to = (from: StoredUnwinding | null, next: StoredUnwinding) =>
        uow.transaction((tx) => unwindings.move(tx, from, next));
      const all = await Promise.all(Array.from({ length: 10 }, () => to(null, begun)));
      expect(all.filter(Boolean)).toHaveLength(1);
      expect(await unwindings.get(begun.run)).toEqual(begun);
      expect((await unwindings.open(1000)).map(({ run }) => run)).toContain(begun.run);
      const next: StoredUnwinding = { ...begun, ahead: [], undone: begun.ahead };
      expect(await to(begun, next)).toBe(true);
      expect(await to(begun, { ...begun, state: 'stopped' })).toBe(false);
      expect(await to(next, { ...next, state: 'unwound' })).toBe(true);
      expect((await unwindings.open(1000)).map(({ run }) => run)).not.toContain(begun.run);
    });
  });
}
