import {
  type Digest,
  digestOfText,
  fixedClock,
  newId,
  type ReleaseEvent,
  type ReleaseState,
  type UnitOfWork,
} from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceFilter, ReleaseStore, StoredEvidence, StoredRelease } from '../release/ports.ts';
import { CONTRACT } from './workflow.ts';

export interface ReleaseStoreHarness {
  readonly store: ReleaseStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock('2026-11-21T12:00:00.000Z');
let counter = 0;

/** What every {@link ReleaseStore} promises. */
export function releaseStoreContract(name: string, make: () => Promise<ReleaseStoreHarness>): void {
  describe(`H1: release store: ${name}`, () => {
    let harness: ReleaseStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const added = async (workflow: string, bundle: string | null = null): Promise<StoredRelease> => {
      clock.advance(1000);
      const release: StoredRelease = {
        ...{ release: digestOfText(`release ${++counter}`), workflow, version: '1.0.0' },
        contract: { ...CONTRACT, name: workflow },
        ...{ portreeve: '0.1.0', origin: bundle === null ? 'folder' : 'bundle', state: 'added' },
        ...{ signed_by: bundle === null ? [] : ['key-1'], bytes: bundle === null ? null : Buffer.byteLength(bundle) },
        ...{ added_by: 'prn_operator', added_at: clock.now().toISOString() },
      };
      await harness.uow.transaction((tx) => harness.store.insert(tx, release, bundle));
      return release;
    };
    const move = (release: Digest, event: ReleaseEvent, from: ReleaseState, to: ReleaseState) =>
      harness.uow.transaction((tx) =>
        harness.store.move(tx, {
          ...{ release, event, from, to, reason: 'a "quoted" \'; reason', by: 'prn_operator' },
          ...{ at: clock.now().toISOString(), proposal: newId('proposal', clock) },
        }),
      );

    test('what was added is found, newest first, and is added once', async () => {
      const first = await added('one');
      const second = await added('one', '{"a":"bundle"}');
      await added('other');
      expect(await harness.store.list({ workflow: 'one' })).toEqual([second, first]);
      expect(await harness.store.list({ workflow: 'one', limit: 1 })).toEqual([second]);
      expect(await harness.store.list({ workflow: 'one', state: 'staging' })).toEqual([]);
      expect(await harness.store.get(first.release)).toEqual(first);
      expect(await harness.store.bundle(second.release)).toBe('{"a":"bundle"}');
      expect(await harness.store.bundle(first.release)).toBeNull();
      const again = (bundle: string | null) =>
        harness.uow.transaction((tx) => harness.store.insert(tx, { ...second, version: '9' }, bundle));
      expect(await again(null)).toBe(false);
      expect(await again('{"another":1}')).toBe(false);
      expect(await harness.store.bundle(second.release)).toBe('{"a":"bundle"}');
      expect(await harness.store.get(digestOfText('nothing'))).toBeNull();
    });

    test('I3: older releases and reports follow page by page, also those of one moment, whatever comes meanwhile', async () => {
      const { store, uow } = harness;
      const made = [await added('paged'), await added('paged'), await added('paged')];
      for (let i = 0; i < 4; i++) {
        const twin = { ...made[2]!, release: digestOfText(`release ${++counter}`) };
        await uow.transaction((tx) => store.insert(tx, twin, null));
        made.push(twin);
      }
      const report = async () => {
        const evidence: StoredEvidence = {
          ...{ kind: 'tests', workflow: 'paged', release: made[0]!.release, portreeve: '0.1.0', ok: true, figures: {} },
          ...{ started: made[0]!.added_at, ended: made[0]!.added_at, evidence: digestOfText(`report ${++counter}`) },
          ...{ cases: 3, signed_by: ['key-1'], attached_by: 'prn_operator', attached_at: clock.now().toISOString() },
        };
        await uow.transaction((tx) => store.attach(tx, evidence, 'a report'));
        return evidence.evidence;
      };
      const reports = [await report(), await report(), await report()];
      clock.advance(1000);
      reports.push(await report(), await report());

      const whole = (await store.list({ workflow: 'paged' })).map(({ release }) => release);
      expect(new Set(whole)).toEqual(new Set(made.map(({ release }) => release)));
      const seen = (await store.list({ workflow: 'paged', limit: 2 })).map(({ release }) => release);
      for (let after = seen.at(-1); after !== undefined; ) {
        await added('paged');
        const page = (await store.list({ workflow: 'paged', limit: 2, after })).map(({ release }) => release);
        seen.push(...page);
        after = page.at(-1);
      }
      expect(seen).toEqual(whole);
      expect(await store.list({ after: digestOfText('nothing') })).toEqual([]);

      const all = (await store.reports({ workflow: 'paged' })).map(({ evidence }) => evidence);
      expect(new Set(all)).toEqual(new Set(reports));
      const read = (await store.reports({ workflow: 'paged', limit: 2 })).map(({ evidence }) => evidence);
      for (let after = read.at(-1); after !== undefined; ) {
        clock.advance(1000);
        await report();
        const page = (await store.reports({ workflow: 'paged', limit: 2, after })).map(({ evidence }) => evidence);
        read.push(...page);
        after = page.at(-1);
      }
      expect(read).toEqual(all);
      expect(await store.reports({ after: digestOfText('nothing') })).toEqual([]);
    });

    test('the bundle of what only a folder had is added to it', async () => {
      const folder = await added('late');
      const text = '{"bundle":"é"}';
      const bundle = { ...folder, origin: 'bundle' as const, signed_by: ['key-2'] };
      expect(await harness.uow.transaction((tx) => harness.store.insert(tx, bundle, text))).toBe(true);
      const bytes = Buffer.byteLength(text);
      expect(await harness.store.get(folder.release)).toEqual({
        ...folder,
        origin: 'bundle',
        signed_by: ['key-2'],
        bytes,
      });
    });

    test('moves are kept in order, and one proposal moves a release once', async () => {
      const { release } = await added('moved');
      await move(release, 'test', 'added', 'testing');
      const proposal = newId('proposal', clock);
      const at = clock.now().toISOString();
      const staged = {
        release,
        event: 'stage',
        from: 'testing',
        to: 'staging',
        reason: 'r',
        by: 'p',
        at,
        proposal,
      } as const;
      expect(await harness.uow.transaction((tx) => harness.store.move(tx, staged))).toBe(true);
      expect(await harness.uow.transaction((tx) => harness.store.move(tx, staged))).toBe(false);
      expect((await harness.store.moves(release)).map(({ event }) => event)).toEqual(['test', 'stage']);
      expect((await harness.store.moves(release))[1]).toEqual(staged);
      expect((await harness.store.get(release))?.state).toBe('staging');
    });

    test('one of a workflow is in production, and who was is known, the latest first', async () => {
      const [a, b] = [(await added('live')).release, (await added('live')).release];
      await move(a, 'promote', 'staging', 'production');
      await expect(move(b, 'promote', 'staging', 'production')).rejects.toThrow();
      expect((await harness.store.get(b))?.state).toBe('added');
      await move(a, 'supersede', 'production', 'retired');
      await move(b, 'promote', 'staging', 'production');
      expect(await harness.store.wereInProduction('live')).toEqual([b, a]);
      expect((await harness.store.standing()).production.get('live')).toBe(b);
      const state = (release: Digest) => harness.uow.transaction((tx) => harness.store.stateIn(tx, release));
      expect(await state(a)).toBe('retired');
      expect(await state(digestOfText('nothing'))).toBeNull();
    });

    test('a barred release stays barred', async () => {
      const { release } = await added('barred');
      await move(release, 'bar', 'added', 'barred');
      await expect(move(release, 'promote', 'staging', 'production')).rejects.toThrow();
      expect((await harness.store.standing()).barred).toContain(release);
    });

    test('all releases of a workflow are locked, and of no other', async () => {
      const [a, b] = [(await added('locked')).release, (await added('locked')).release];
      const locked = await harness.uow.transaction((tx) => harness.store.lock(tx, 'locked'));
      expect(locked.map(({ release }) => release)).toEqual([a, b].sort());
    });

    test('evidence is attached once, and found newest first with its text', async () => {
      const { release, workflow } = await added('proven');
      const attach = (kind: 'tests' | 'red-team') => {
        clock.advance(1000);
        const at = clock.now().toISOString();
        const evidence: StoredEvidence = {
          ...{ kind, workflow, release, portreeve: '0.1.0', started: at, ended: at, ok: true, figures: { cases: 3 } },
          ...{ evidence: digestOfText(`${kind} ${++counter}`), cases: 3, signed_by: ['key-1'] },
          ...{ attached_by: 'prn_operator', attached_at: at },
        };
        return harness.uow
          .transaction((tx) => harness.store.attach(tx, evidence, `text of ${evidence.evidence}`))
          .then((isNew) => ({ isNew, evidence }));
      };
      const first = await attach('tests');
      const second = await attach('red-team');
      expect([first.isNew, second.isNew]).toEqual([true, true]);
      expect(await harness.uow.transaction((tx) => harness.store.attach(tx, first.evidence, 'another'))).toBe(false);
      expect(await harness.store.evidence(release)).toEqual([second.evidence, first.evidence]);
      const reports = async (filter: EvidenceFilter) =>
        (await harness.store.reports({ workflow, ...filter })).map(({ evidence }) => evidence);
      expect(await reports({})).toEqual([second.evidence.evidence, first.evidence.evidence]);
      expect(await reports({ kind: 'tests' })).toEqual([first.evidence.evidence]);
      expect(await reports({ limit: 1 })).toEqual([second.evidence.evidence]);
      expect(await reports({ workflow: 'nobody-s' })).toEqual([]);
      expect(await harness.store.report(first.evidence.evidence)).toBe(`text of ${first.evidence.evidence}`);
      expect(await harness.store.report(digestOfText('nothing'))).toBeNull();
    });
  });
}
