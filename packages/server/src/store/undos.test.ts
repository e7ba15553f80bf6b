import { testPerson } from '@portreeve/approve/testing';
import { fixedClock, newId } from '@portreeve/contract';
import type { StoredUnwinding } from '@portreeve/gate';
import { undoStoreContract } from '@portreeve/gate/testing';
import { expect, test } from 'vitest';
import { proposalStore } from './proposals.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';
import { undoStore, unwindingStore } from './undos.ts';

undoStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  const sealing = testSealing(database);
  const stores = {
    proposals: proposalStore(database, sealing),
    undos: undoStore(database, sealing),
    unwindings: unwindingStore(database, sealing),
  };
  return { ...stores, uow: database, close };
});

test('G6: why a run is unwound, and who asked, stand in no column in clear text', async () => {
  const { database, close } = await testDatabase();
  const unwindings = unwindingStore(database, testSealing(database));
  const clock = fixedClock('2026-11-21T10:00:00.000Z');
  const begun: StoredUnwinding = {
    ...{ run: newId('run', clock), workflow: 'case-note', state: 'unwinding', number: 1, key: null },
    ...{ asked_by: testPerson(clock, 'canary-ana').principal, reason: 'a canary of a reason' },
    ...{ ahead: [], undone: [], left: [], handoff: null },
  };
  await database.transaction((tx) => unwindings.move(tx, null, begun));
  const { rows } = await database.pool.query('SELECT t::text AS row FROM unwindings AS t');
  expect(rows).toHaveLength(1);
  expect(rows[0].row).not.toContain('canary');
  expect(await unwindings.get(begun.run)).toEqual(begun);
  await database.pool.query('DELETE FROM subject_keys');
  const later = unwindingStore(database, testSealing(database));
  await expect(later.get(begun.run)).rejects.toMatchObject({ code: 'erased' });
  expect(await later.open(10)).toEqual([]);
  await close();
});
