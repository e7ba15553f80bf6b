import { createErasures } from '@portreeve/audit';
import { asId, fixedClock, newId, type Purpose, principalSchema, type RunId } from '@portreeve/contract';
import { memoryAuditWriter } from '@portreeve/contract/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { erasureStore } from './erasures.ts';
import { subjectKeyStore } from './subject-keys.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let made: TestDatabase;
beforeAll(async () => {
  made = await testDatabase();
});
afterAll(() => made.close());

test('G6: retention ends whole months of a purpose, and nothing that a hold keeps', async () => {
  const { database } = made;
  const clock = fixedClock('2026-11-21T03:00:00.000Z');
  const keys = subjectKeyStore(database);
  const audit = memoryAuditWriter();
  let forgotten = 0;
  const erasures = createErasures({
    ...{ audit, clock, uow: database, store: erasureStore(database), words: auditStore(database) },
    ring: { forget: () => forgotten++ },
    redactor: { text: (text) => text },
    subjectName: (id) => id,
    retention: { work: 60, access: undefined },
    also: async () => undefined,
  });
  const insert = async (subject: string, purpose: Purpose, period: string) => {
    const id = newId('key', clock);
    await keys.insert({ id, subject, purpose, period, root: 'r', wrapped: 'w' });
    return id;
  };
  const old = await insert('prn_a', 'work', '2026-08');
  const edge = await insert('prn_a', 'work', '2026-09');
  const other = await insert('prn_a', 'access', '2025-01');
  const held = await insert('prn_held', 'work', '2026-01');
  const worked = await insert('prn_worked', 'work', '2026-01');
  const run: RunId = asId('run', 'run_a');
  await database.transaction((tx) => keys.declare(tx, run, 'refund', ['prn_worked']));
  const lawyer = principalSchema.parse({ id: 'prn_l', kind: 'person', name: 'l', roles: ['operator'], groups: [] });
  const onPerson = await erasures.setHold('subject', 'prn_held', 'a claim', lawyer);
  const onWorkflow = await erasures.setHold('workflow', 'refund', 'a claim', lawyer);
  await expect(erasures.setHold('purpose', 'none', 'x', lawyer)).rejects.toThrow('no purpose');

  // 60 days before is 22 September: August is over, September is not.
  expect(await erasures.expire()).toBe(1);
  const left = async () => (await keys.get([old, edge, other, held, worked])).map(({ id }) => id).sort();
  expect(await left()).toEqual([edge, other, held, worked].sort());
  expect(audit.of('audit.erased').map(({ data }) => data)).toEqual([
    { cause: 'retention', erasure: null, subject: null, requested_by: null, keys: [old], purposes: { work: 1 } },
  ]);
  expect((await keys.marks([old])).get(old)).toMatchObject({
    cause: 'retention',
    record: audit.of('audit.erased')[0]!.id,
  });
  expect(forgotten).toBe(1);

  await erasures.liftHold(onWorkflow.id, 'settled', lawyer);
  await expect(erasures.liftHold(onWorkflow.id, 'again', lawyer)).rejects.toThrow('lifted already');
  expect(await erasures.expire()).toBe(1);
  expect(await left()).toEqual([edge, other, held].sort());
  await erasures.liftHold(onPerson.id, 'settled', lawyer);
  clock.set('2026-12-01T03:00:00.000Z');
  expect(await erasures.expire()).toBe(2);
  expect(await left()).toEqual([other]);
  expect(await erasures.expire()).toBe(0);
});
