import { generateKeyPairSync } from 'node:crypto';
import { noteDraft, testAuditLog } from '@portreeve/audit/testing';
import { fixedClock } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

const WIDTH = 256;
const { privateKey } = generateKeyPairSync('ed25519');
/** One set of payload keys, as processes of one installation have. */
const { keys } = testAuditLog();

describe('G4, G6: partitions of a log', () => {
  let made: TestDatabase;
  beforeAll(async () => {
    made = await testDatabase();
  });
  afterAll(() => made.close());

  const run = (statement: string) => sql.raw(statement).execute(made.database.read);
  /** A log with a partition of 256 records for each day, and three of them over. */
  async function threeDays(name: string) {
    const origin = `test.example/${name}`;
    const store = auditStore(made.database, { width: WIDTH });
    await store.prepare(origin, 0, 5 * WIDTH);
    for (let day = 0; day < 4; day++) {
      const clock = fixedClock(`2026-01-0${day + 1}T08:00:00.000Z`);
      const { log, uow } = testAuditLog({ store, uow: made.database, origin, clock, privateKey, keys });
      const drafts = Array.from({ length: day === 3 ? 40 : WIDTH }, (_, i) => noteDraft(`day ${day} note ${i}`));
      await uow.transaction((tx) => log.append(tx, drafts));
      await log.checkpoint();
      await log.close();
    }
    const clock = fixedClock('2026-01-05T08:00:00.000Z');
    const { log, uow } = testAuditLog({ store, uow: made.database, origin, clock, privateKey, keys });
    const { rows } = await sql<{ mark: string }>`SELECT audit_mark(${origin}) AS mark`.execute(made.database.read);
    return { log, uow, store, origin, mark: rows[0]!.mark };
  }

  test('records lie in the partition of their index, and every partition refuses a change by itself', async () => {
    const { mark } = await threeDays('laid');
    for (const low of [0, 256, 512]) {
      const leaf = `audit_records_${mark}_${low}`;
      const { rows } = await sql<{ n: string }>`SELECT count(*) AS n FROM ${sql.table(leaf)}`.execute(
        made.database.read,
      );
      expect(rows).toEqual([{ n: '256' }]);
      await expect(run(`DELETE FROM ${leaf}`)).rejects.toThrow(/insert-only/);
      await expect(run(`TRUNCATE ${leaf}`)).rejects.toThrow(/insert-only/);
      await expect(run(`UPDATE ${leaf} SET payload = NULL`)).rejects.toThrow(/insert-only/);
    }
    await expect(run(`DELETE FROM audit_records_${mark}`)).rejects.toThrow(/insert-only/);
    await expect(run('DELETE FROM audit_records_other')).rejects.toThrow(/insert-only/);
  });

  test('old partitions are detached: what stays verifies, is proved and found, and the log goes on', async () => {
    const { log, uow, origin } = await threeDays('detached');
    const kept = await log.newestCheckpoint();
    expect(await log.detach(new Date('2026-01-01T00:00:00Z'))).toBeNull();
    expect(await log.detach(new Date('2026-01-03T00:00:00Z'))).toBe(512);
    expect(await log.verify({ anchors: [kept!.note] })).toMatchObject({ ok: true, size: 809, detached_below: 512 });
    await uow.transaction((tx) => log.append(tx, [noteDraft('after')]));
    for (const index of [512, 767, 808, 809]) expect((await log.receipt(index)).proof).toContain(`index ${index}\n`);
    expect(await log.consistencyProof(808, 810)).not.toEqual([]);
    expect(await log.get(511)).toBeNull();
    expect((await log.search({ type: 'handoff.closed', order: 'oldest', limit: 1 })).records[0]!.entry.index).toBe(512);
    const { records } = await log.search({ type: 'audit.detached' });
    expect(records.map(({ payload }) => payload?.data)).toEqual([{ below: 512, before: '2026-01-03T00:00:00.000Z' }]);
    // Another process that begins only now finds the place where the log goes on.
    await log.close();
    const store = auditStore(made.database, { width: WIDTH });
    const other = testAuditLog({
      store,
      uow: made.database,
      origin,
      privateKey,
      keys,
      clock: fixedClock('2026-01-06T00:00:00Z'),
    });
    await other.log.record([noteDraft('by another')]);
    await other.log.checkpoint();
    expect(await other.log.verify()).toMatchObject({ ok: true, size: 811, detached_below: 512 });
  });

  test('an archive that is attached again is checked with the rest, and a change in it is found', async () => {
    const { log, mark } = await threeDays('archive');
    await log.detach(new Date('2026-01-03T00:00:00Z'));
    const attach = async (low: number) => {
      await run(
        `ALTER TABLE audit_records_${mark} ATTACH PARTITION audit_records_${mark}_${low} FOR VALUES FROM (${low}) TO (${low + WIDTH})`,
      );
    };
    await attach(256);
    expect(await log.verify()).toMatchObject({ ok: true, detached_below: 256 });
    await run(`ALTER TABLE audit_records_${mark}_0 DISABLE TRIGGER ALL`);
    await run(
      `UPDATE audit_records_${mark}_0 SET entry = replace(entry, 'prn_analyst', 'prn_somebod') WHERE index = 9`,
    );
    await attach(0);
    expect(await log.verify()).toMatchObject({
      ok: false,
      kind: 'changed_entry',
      first_bad_index: 9,
      detached_below: 0,
    });
  });

  test('records that are gone and were not declared are missing, whole partitions as well', async () => {
    const { log, mark, origin } = await threeDays('gone');
    await log.detach(new Date('2026-01-02T00:00:00Z'));
    expect(await log.verify()).toMatchObject({ ok: true, detached_below: 256 });
    await run(`ALTER TABLE audit_records_${mark} DETACH PARTITION audit_records_${mark}_256`);
    expect(await log.verify()).toMatchObject({ ok: false, kind: 'missing', first_bad_index: 256 });
    // A tile of which a detached record was part is changed: what was signed since does not fit.
    await run(
      `ALTER TABLE audit_records_${mark} ATTACH PARTITION audit_records_${mark}_256 FOR VALUES FROM (256) TO (512)`,
    );
    await run('ALTER TABLE audit_nodes DISABLE TRIGGER ALL');
    await run(`UPDATE audit_nodes SET hash = sha256('x') WHERE log = '${origin}' AND level = 8 AND idx = 0`);
    expect(await log.verify()).toMatchObject({ ok: false, kind: 'forked' });
    await run('ALTER TABLE audit_nodes ENABLE TRIGGER ALL');
  });

  test('partitions are made ahead; without room nothing is recorded, rather than in the wrong place', async () => {
    const origin = 'test.example/ahead';
    const store = auditStore(made.database, { width: WIDTH });
    await store.prepare(origin, 0, 0);
    const over = new AbortController();
    const lead = await store.lead(origin, { signal: over.signal, onStaged: () => undefined });
    const batch = (from: number, count: number) => {
      const records = Array.from({ length: count }, (_, i) => {
        const entry = `{"time":"2026-01-01T00:00:00.000Z","index":${from + i}}`;
        return { index: from + i, entry, payload: '{}', leaf: Buffer.alloc(32) };
      });
      return { from, records, nodes: [], pending: [] };
    };
    await lead.append(batch(0, WIDTH));
    await expect(lead.append(batch(WIDTH, 1))).rejects.toThrow(/no partition/);
    await store.prepare(origin, WIDTH, WIDTH);
    await lead.append(batch(WIDTH, WIDTH + 1));
    expect(await store.head(null, origin)).toMatchObject({ size: 2 * WIDTH + 1 });
    over.abort();
    await lead.release();
  });
});
