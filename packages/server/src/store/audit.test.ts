import { appendNotes, auditStoreContract, noteDraft, testAuditLog, testKeys } from '@portreeve/audit/testing';
import { isPortreeveError } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { subjectKeyStore } from './subject-keys.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

auditStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: auditStore(database), uow: database, close };
});

describe('the log on PostgreSQL', () => {
  let made: TestDatabase;
  beforeAll(async () => {
    made = await testDatabase();
  });
  afterAll(() => made.close());
  const open = (name: string) =>
    testAuditLog({
      store: auditStore(made.database),
      uow: made.database,
      keys: testKeys(subjectKeyStore(made.database)),
      origin: `test.example/${name}`,
    });

  test('50 concurrent appends give consecutive indexes, in one tree', async () => {
    const { log, uow } = open('concurrent');
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        uow.transaction((tx) => log.append(tx, [noteDraft(`a ${i}`), noteDraft(`b ${i}`)])),
      ),
    );
    const { records } = await log.search({ order: 'oldest', limit: 500 });
    expect(records.map((record) => record.entry.index)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    await log.checkpoint();
    expect(await log.verify()).toMatchObject({ ok: true, size: 100, checkpoints: 1 });
  });

  test('a record that stands for itself gets its place behind what was committed before it, where that is wanted', async () => {
    const { log, uow } = open('behind');
    for (let round = 0; round < 60; round++) {
      await uow.transaction((tx) => log.append(tx, [noteDraft(`${round} staged`)]));
      // Others that come in between are no reason to look: they keep the lead busy.
      await Promise.all([
        log.record([noteDraft(`${round} behind`)], 'behind'),
        ...Array.from({ length: 4 }, () => log.record([noteDraft('beside')])),
      ]);
    }
    const { records } = await log.search({ order: 'oldest', limit: 500 });
    const told = records.map(({ payload }) => String(payload?.data.note)).filter((note) => note !== 'beside');
    expect(told).toEqual(Array.from({ length: 60 }, (_, round) => [`${round} staged`, `${round} behind`]).flat());
  });

  test('a rolled back transaction leaves no gap, also between concurrent ones', async () => {
    const { log, uow } = open('rollback');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        uow.transaction(async (tx) => {
          await log.append(tx, [noteDraft(`note ${i}`)]);
          if (i % 3 === 0) throw new Error('rolled back');
        }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(7);
    expect(await log.verify()).toMatchObject({ ok: true, size: 13 });
  });

  test('G3: a state change whose record cannot be written is rolled back', async () => {
    const { log, uow } = open('together');
    await sql`CREATE TABLE state_change (id text PRIMARY KEY)`.execute(made.database.read);
    const change = (note: string, key: string) =>
      uow.transaction(async (tx) => {
        await sql`INSERT INTO state_change (id) VALUES (${key})`.execute(made.database.on(tx));
        await log.append(tx, [noteDraft(note)]);
      });
    await change('fine', 'first');
    await expect(change('x'.repeat(2 ** 20), 'second')).rejects.toSatisfy((e) => isPortreeveError(e, 'too_large'));
    await sql`ALTER TABLE audit_pending RENAME TO audit_pending_gone`.execute(made.database.read);
    await expect(change('no table', 'third')).rejects.toSatisfy((e) => isPortreeveError(e, 'audit_unavailable'));
    await sql`ALTER TABLE audit_pending_gone RENAME TO audit_pending`.execute(made.database.read);
    const { rows } = await sql<{ id: string }>`SELECT id FROM state_change`.execute(made.database.read);
    expect(rows).toEqual([{ id: 'first' }]);
    expect(await log.verify()).toMatchObject({ ok: true, size: 1 });
  });

  test('G2: UPDATE, DELETE and TRUNCATE are refused for everybody, the superuser included', async () => {
    const { log, uow } = open('insert-only');
    await appendNotes(log, uow, 1);
    await log.checkpoint();
    const who = await sql<{ super: string }>`SELECT current_setting('is_superuser') AS super`.execute(
      made.database.read,
    );
    expect(who.rows).toEqual([{ super: 'on' }]);
    const statements = [
      `UPDATE audit_records SET entry = '{}'`,
      `UPDATE audit_records SET payload = NULL WHERE false`,
      'DELETE FROM audit_records',
      'TRUNCATE audit_records',
      'UPDATE audit_nodes SET idx = 1',
      'DELETE FROM audit_nodes',
      'TRUNCATE audit_nodes',
      `UPDATE audit_checkpoints SET note = ''`,
      'DELETE FROM audit_checkpoints',
      'TRUNCATE audit_checkpoints, audit_nodes, audit_records',
      `UPDATE audit_cosignatures SET lines = ''`,
      'DELETE FROM audit_cosignatures',
      'TRUNCATE audit_cosignatures',
      `UPDATE audit_pending SET payload = ''`,
      'TRUNCATE audit_pending',
      `UPDATE audit_keys SET key = ''`,
      'DELETE FROM audit_keys',
      `INSERT INTO audit_nodes VALUES ('test.example/insert-only', 8, 0, decode(repeat('00', 32), 'hex'))
         ON CONFLICT (log, level, idx) DO UPDATE SET hash = excluded.hash`,
    ];
    for (const statement of statements)
      await expect(sql.raw(statement).execute(made.database.read), statement).rejects.toThrow(/insert-only/);
    expect(await log.verify()).toMatchObject({ ok: true, size: 1 });
  });

  test('G4: words are found in payloads with escapes, in any script, and as the marks of redacted values', async () => {
    const { log, uow } = open('words');
    const email = 'ada@example.org';
    for (const note of [
      'first line\nsecond "quoted"',
      'Gr\u00fc\u00dfe aus K\u00f6ln',
      `wrote to ${email}`,
      `again ${email}`,
    ])
      await uow.transaction((tx) => log.append(tx, [noteDraft(note)]));
    const find = async (words: string) => (await log.search({ words })).records.map((record) => record.entry.index);
    expect(await find('second quoted')).toEqual([0]);
    expect(await find('"first line"')).toEqual([0]);
    expect(await find('k\u00f6ln')).toEqual([1]);
    expect(await find('ada')).toEqual([]);
    const [redacted] = (await log.search({ words: 'wrote' })).records;
    const [whole, mark] = /\u27e6personal:email:16:([0-9a-f]{16})\u27e7/.exec(JSON.stringify(redacted!.payload))!;
    expect(await find(mark!)).toEqual([3, 2]);
    expect(await find(whole)).toEqual([3, 2]);
  });

  test('the largest payload of nothing but different words can be stored and searched', async () => {
    const { log, uow } = open('large');
    let note = '';
    for (let i = 0; note.length < 2 ** 20 - 200; i++) note += `${i.toString(36)}-${(i * 7).toString(36)} `;
    await uow.transaction((tx) => log.append(tx, [noteDraft(note)]));
    const wide = Array.from({ length: 120_000 }, (_, i) => String.fromCodePoint(0x20000 + (i % 40_000))).join(' ');
    await uow.transaction((tx) => log.append(tx, [noteDraft(wide)]));
    expect((await log.search({ words: '0-0' })).records).toHaveLength(1);
    expect(await log.verify()).toMatchObject({ ok: true, size: 2 });
  });
});
