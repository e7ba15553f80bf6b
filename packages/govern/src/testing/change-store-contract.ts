import {
  type ChangeEvent,
  type ChangeState,
  digestOf,
  digestOfText,
  fixedClock,
  newId,
  type ProposalId,
  type UnitOfWork,
} from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeStore, NewChange, StoredChange, SurfaceStore } from '../change/ports.ts';

export interface ChangeStoreHarness {
  readonly store: ChangeStore;
  readonly surface: SurfaceStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock('2026-11-21T12:00:00.000Z');
let counter = 0;

/** What every {@link ChangeStore} and {@link SurfaceStore} promise. */
export function changeStoreContract(name: string, make: () => Promise<ChangeStoreHarness>): void {
  describe(`H2: store of changes: ${name}`, () => {
    let harness: ChangeStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const opened = async (over: Partial<NewChange> = {}): Promise<StoredChange> => {
      clock.advance(1000);
      const change: NewChange = {
        ...{ change: newId('change', clock), kind: 'configuration', subject: `source.s${++counter}` },
        ...{ from: null, to: digestOfText(`to ${counter}`), after: { name: 'é "\'; --', deep: [1, null] } },
        ...{ workflows: ['case-note'], owners: ['platform', 'security'], risk: 'high' },
        pieces: [{ area: 'sources', text: 'the source ledger is new', loosens: true, lines: ['+ a'] }],
        ...{ reason: 'A server was started with it.', opened_by: 'system', opened_at: clock.now().toISOString() },
        ...over,
      };
      expect(await open(change)).toBe(true);
      return { ...change, state: 'open', asked: null };
    };
    const open = (change: NewChange) => harness.uow.transaction((tx) => harness.store.open(tx, change));
    const move = (
      { change }: StoredChange,
      event: ChangeEvent,
      [from, to]: readonly [ChangeState, ChangeState],
      proposal: ProposalId | null = null,
    ) => {
      const at = clock.now().toISOString();
      const evidence = [digestOfText('a report')];
      const moved = { change, event, from, to, reason: 'a test', by: 'prn_olga', at, proposal, evidence };
      return { moved, isNew: harness.uow.transaction((tx) => harness.store.move(tx, moved)) };
    };
    const live = ({ kind, subject }: StoredChange) =>
      harness.uow.transaction((tx) => harness.store.live(tx, kind, subject));

    test('what was opened is found, newest first, by kind, state and workflow', async () => {
      const first = await opened({ workflows: ['listed', 'other'] });
      const second = await opened({ kind: 'model', subject: 'main/claude', workflows: ['listed'] });
      expect(await harness.store.list({ workflow: 'listed' })).toEqual([second, first]);
      expect(await harness.store.list({ workflow: 'listed', kind: 'model' })).toEqual([second]);
      expect(await harness.store.list({ workflow: 'listed', state: 'approved' })).toEqual([]);
      expect(await harness.store.list({ workflow: 'listed', limit: 1 })).toEqual([second]);
      expect(await harness.store.get(first.change)).toEqual(first);
      expect(await harness.store.get(newId('change', clock))).toBeNull();
    });

    test('I3: older ones follow page by page, whatever is opened meanwhile', async () => {
      const made: StoredChange[] = [];
      for (let i = 0; i < 5; i++) made.unshift(await opened({ workflows: ['paged'] }));
      const seen = await harness.store.list({ workflow: 'paged', limit: 2 });
      for (let after = seen.at(-1)?.change; after !== undefined; ) {
        await opened({ workflows: ['paged'] });
        const page = await harness.store.list({ workflow: 'paged', limit: 2, after });
        seen.push(...page);
        after = page.at(-1)?.change;
      }
      expect(seen).toEqual(made);
      expect(await harness.store.list({ after: newId('change', clock) })).toEqual([]);
    });

    test('the same change is open once, however many see it at once, and opens anew when it was decided', async () => {
      const first = await opened();
      const again = (): NewChange => ({ ...first, change: newId('change', clock) });
      const seen = await Promise.all(Array.from({ length: 4 }, () => open(again())));
      expect(seen).toEqual([false, false, false, false]);
      await move(first, 'reject', ['open', 'rejected']).isNew;
      expect(await open(again())).toBe(false);
      await move(first, 'withdraw', ['rejected', 'withdrawn']).isNew;
      expect(await open(again())).toBe(true);
    });

    test('live ones are locked by subject; what is decided is not moved again; one proposal decides once', async () => {
      const found = await opened();
      expect(await live(found)).toEqual([found]);
      expect(await harness.uow.transaction((tx) => harness.store.lock(tx, found.change))).toEqual(found);
      const proposal = newId('proposal', clock);
      const { moved, isNew } = move(found, 'approve', ['open', 'approved'], proposal);
      expect(await isNew).toBe(true);
      expect(await move(found, 'approve', ['open', 'approved'], proposal).isNew).toBe(false);
      expect(await harness.store.moves(found.change)).toEqual([moved]);
      expect((await harness.store.get(found.change))?.state).toBe('approved');
      expect(await live(found)).toEqual([]);
      await expect(move(found, 'reject', ['open', 'rejected']).isNew).rejects.toThrow();
    });

    test('not reviewed is what is in force and live: no release, no definition', async () => {
      const workflows = ['unreviewed'];
      const [first, second] = [await opened({ workflows }), await opened({ workflows, kind: 'model' })];
      await opened({ workflows, kind: 'release' });
      await opened({ workflows, kind: 'definition' });
      await move(second, 'reject', ['open', 'rejected']).isNew;
      const ids = async () => (await harness.store.unreviewed('unreviewed')).map(({ change }) => change);
      expect(await ids()).toEqual([first.change, second.change]);
      await move(first, 'approve', ['open', 'approved']).isNew;
      expect(await ids()).toEqual([second.change]);
      expect((await harness.store.unreviewed()).map(({ change }) => change)).toContain(second.change);
    });

    test('people are asked by one proposal at a time', async () => {
      const { change } = await opened();
      const [proposal, other] = [newId('proposal', clock), newId('proposal', clock)];
      const at = clock.now().toISOString();
      const asked = await Promise.all([
        harness.store.ask(change, proposal, at),
        harness.store.ask(change, proposal, at),
      ]);
      expect(asked.toSorted()).toEqual([false, true]);
      expect((await harness.store.asked(50)).map((each) => each.asked)).toContainEqual({ proposal, at });
      await harness.store.answered(change, other);
      expect((await harness.store.get(change))?.asked).toEqual({ proposal, at });
      await harness.store.answered(change, proposal);
      expect(await harness.store.ask(change, other, at)).toBe(true);
      await move((await harness.store.get(change))!, 'withdraw', ['open', 'withdrawn']).isNew;
      expect((await harness.store.get(change))?.asked).toBeNull();
      expect(await harness.store.ask(change, proposal, at)).toBe(false);
    });

    test('of the surface, the first that is seen stays until it is set; each kind has parts of its own', async () => {
      const { surface, uow } = harness;
      const [one, two] = [{ answered: 'one' }, { answered: 'two', files: ['é'] }];
      const get = (kind: 'model' | 'configuration', part: string) =>
        uow.transaction((tx) => surface.get(tx, kind, part));
      await uow.transaction((tx) => surface.adopt(tx, 'model', 'main/claude', one));
      await uow.transaction((tx) => surface.adopt(tx, 'model', 'main/claude', two));
      expect(await get('model', 'main/claude')).toEqual({ digest: digestOf(one), body: one });
      expect(await get('configuration', 'main/claude')).toBeNull();
      await uow.transaction((tx) => surface.set(tx, 'model', 'main/claude', two));
      await uow.transaction((tx) => surface.set(tx, 'configuration', 'policy', one));
      expect(await surface.digests('model')).toEqual(new Map([['main/claude', digestOf(two)]]));
      await uow.transaction((tx) => surface.set(tx, 'model', 'main/claude', null));
      expect(await surface.digests('model')).toEqual(new Map());
      expect(await surface.digests('configuration')).toEqual(new Map([['policy', digestOf(one)]]));
    });
  });
}
