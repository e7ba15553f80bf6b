import { asId, BOTTOM, fixedClock, type Label, Labelled, newId, type UnitOfWork } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labelEvidence, makeEvidence } from '../evidence.ts';
import { loadLabelled, saveLabelled } from '../labelled-values.ts';
import type { ContextStore, StoredValue } from '../ports.ts';

export interface ContextStoreFixture {
  readonly store: ContextStore;
  readonly unit: UnitOfWork;
  close?(): Promise<void>;
}

/** What every context store must do. */
export function contextStoreContract(name: string, make: () => Promise<ContextStoreFixture>): void {
  describe(`context store: ${name}`, () => {
    const clock = fixedClock('2026-11-20T10:00:00.123Z');
    let fixture: ContextStoreFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(async () => {
      await fixture.close?.();
    });
    const label: Label = {
      integrity: 'untrusted',
      confidentiality: 'confidential',
      categories: ['personal'],
      origins: ['logs'],
    };
    const row = (over: Partial<StoredValue> = {}): StoredValue => ({
      id: newId('value', clock),
      run: asId('run', 'run_one'),
      kind: 'json',
      label: '{"categories":[],"confidentiality":"public","integrity":"trusted","origins":[]}',
      content: '{"a":"\\u0000 ü 😀 \'; drop table run_values; --","b":[1,2.5,null]}',
      created_at: clock.now().toISOString(),
      clearing: null,
      clear_at: null,
      ...over,
    });

    test('gives back exactly what was saved', async () => {
      const saved = row();
      await fixture.unit.transaction((tx) => fixture.store.saveValue(tx, saved));
      expect(await fixture.store.loadValue(saved.id)).toEqual(saved);
    });

    test('gives null for what is not there', async () => {
      expect(await fixture.store.loadValue(newId('value', clock))).toBeNull();
    });

    test('refuses a second value under one id and keeps the first', async () => {
      const saved = row();
      await fixture.unit.transaction((tx) => fixture.store.saveValue(tx, saved));
      await expect(
        fixture.unit.transaction((tx) => fixture.store.saveValue(tx, { ...saved, content: '"other"' })),
      ).rejects.toThrow();
      expect(await fixture.store.loadValue(saved.id)).toEqual(saved);
    });

    test('keeps nothing of a transaction that fails', async () => {
      const saved = row();
      await expect(
        fixture.unit.transaction(async (tx) => {
          await fixture.store.saveValue(tx, saved);
          throw new Error('crash');
        }),
      ).rejects.toThrow('crash');
      expect(await fixture.store.loadValue(saved.id)).toBeNull();
    });

    test('D7: what is to be cleared is found by its run and by its time, and shrinks', async () => {
      const run = asId('run', 'run_clearing');
      const later = row({ run, clearing: '[1]', clear_at: '2026-11-20T11:00:00.000Z' });
      const atEnd = row({ run, clearing: '[2]' });
      await fixture.unit.transaction(async (tx) => {
        for (const each of [later, atEnd, row({ run })]) await fixture.store.saveValue(tx, each);
      });
      const ids = async (which: Parameters<ContextStore['valuesToClear']>[0]) =>
        (await fixture.store.valuesToClear(which)).map((value) => value.id).sort();
      expect(await ids({ run })).toEqual([later.id, atEnd.id].sort());
      expect(await ids({ due: '2026-11-20T10:59:59.999Z' })).toEqual([]);
      expect(await ids({ due: '2026-11-20T11:00:00.000Z' })).toEqual([later.id]);
      const left = { content: '[]', clearing: null, clear_at: null };
      await fixture.unit.transaction((tx) => fixture.store.shrinkValue(tx, later.id, left));
      expect(await fixture.store.loadValue(later.id)).toEqual({ ...later, ...left });
      expect(await ids({ run })).toEqual([atEnd.id]);
    });

    test('A6: the values of one run are removed, and of no other', async () => {
      const gone = row({ run: asId('run', 'run_over') });
      const stays = row({ run: asId('run', 'run_of_others') });
      await fixture.unit.transaction(async (tx) => {
        for (const each of [gone, stays]) await fixture.store.saveValue(tx, each);
      });
      await fixture.unit.transaction((tx) => fixture.store.removeValues(tx, gone.run));
      expect(await fixture.store.loadValue(gone.id)).toBeNull();
      expect(await fixture.store.loadValue(stays.id)).toEqual(stays);
    });

    test('D5: a labelled value comes back with its label; evidence stays evidence', async () => {
      const run = asId('run', 'run_labels');
      const evidence = labelEvidence([makeEvidence('logs', 3, { EventID: 10, Image: 'C:\\a.exe' })], label);
      const answer = new Labelled({ title: 'ü', n: 1 }, { ...BOTTOM, integrity: 'internal' });
      const [first, second] = await fixture.unit.transaction(async (tx) => [
        await saveLabelled(fixture.store, tx, { run, labelled: evidence, clock }),
        await saveLabelled(fixture.store, tx, { run, labelled: answer, clock }),
      ]);
      const back = await loadLabelled(fixture.store, { run, id: first! });
      expect(back.label).toEqual(label);
      expect(open(back)).toEqual(open(evidence));
      expect((await fixture.store.loadValue(first!))?.kind).toBe('evidence');
      const other = await loadLabelled(fixture.store, { run, id: second! });
      expect(open(other)).toEqual({ title: 'ü', n: 1 });
      expect(other.label).toEqual({ ...BOTTOM, integrity: 'internal' });
    });
  });
}
