import { asId, BOTTOM, fixedClock, Labelled } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import { labelEvidence, makeEvidence } from './evidence.ts';
import { loadLabelled, saveLabelled } from './labelled-values.ts';
import { contextStoreContract, memoryContextStore } from './testing/index.ts';

contextStoreContract('memory', async () => {
  const store = memoryContextStore();
  return { store, unit: memoryUnitOfWork(store) };
});

describe('labelled values in the store', () => {
  const clock = fixedClock('2026-11-20T10:00:00Z');
  const run = asId('run', 'run_one');
  const setUp = async (value: unknown) => {
    const store = memoryContextStore();
    const unit = memoryUnitOfWork(store);
    const labelled = value instanceof Labelled ? value : new Labelled(value, BOTTOM);
    const id = await unit.transaction((tx) => saveLabelled(store, tx, { run, labelled, clock }));
    return { store, id };
  };

  test('a value belongs to its run', async () => {
    const { store, id } = await setUp('x');
    await expect(loadLabelled(store, { run: asId('run', 'run_two'), id })).rejects.toMatchObject({ code: 'not_found' });
    await expect(loadLabelled(store, { run, id: asId('value', 'val_none') })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('what has no faithful JSON form is not stored', async () => {
    await expect(setUp(undefined)).rejects.toThrow();
    await expect(setUp({ a: Number.NaN })).rejects.toThrow();
  });

  test('an altered row does not come back as a value', async () => {
    const { store, id } = await setUp(labelEvidence([makeEvidence('logs', 1, { n: 'one' })], BOTTOM));
    const row = store.rows.get(id)!;
    store.rows.set(id, { ...row, content: row.content.replace('"one"', '"two"') });
    await expect(loadLabelled(store, { run, id })).rejects.toThrow('does not fit its content');
    store.rows.set(id, { ...row, label: '{"integrity":"best"}' });
    await expect(loadLabelled(store, { run, id })).rejects.toThrow();
  });

  test('a long reading is stored whole', async () => {
    const items = Array.from({ length: 9000 }, (_, index) =>
      makeEvidence('logs', index + 1, Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`f${n}`, index]))),
    );
    const { store, id } = await setUp(labelEvidence(items, BOTTOM));
    await expect(loadLabelled(store, { run, id })).resolves.toBeInstanceOf(Labelled);
  });
});
