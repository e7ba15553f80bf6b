import { generateKeyPairSync } from 'node:crypto';
import type { HeadSigner } from '@portreeve/audit';
import { appendNotes, noteDraft, testAuditLog, testKeys } from '@portreeve/audit/testing';
import { isPortreeveError } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { Database } from './database.ts';
import { subjectKeyStore } from './subject-keys.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

const { privateKey } = generateKeyPairSync('ed25519');

/** One leads, the others stage: as many processes would, each with connections of its own. */
describe('G2, G3: the lead of a log', () => {
  let made: TestDatabase;
  const opened: Database[] = [];
  beforeAll(async () => {
    made = await testDatabase();
  });
  afterAll(async () => {
    for (const database of opened) await database.close();
    await made.close();
  });

  const process = (name: string, signer?: HeadSigner) => {
    const database = new Database(made.url, { max: 4 });
    opened.push(database);
    const origin = `test.example/${name}`;
    return {
      database,
      ...testAuditLog({
        store: auditStore(database),
        uow: database,
        keys: testKeys(subjectKeyStore(database)),
        origin,
        privateKey,
        ...(signer ? { signer } : {}),
      }),
    };
  };
  const leaders = async (name: string): Promise<number[]> => {
    const { rows } = await sql<{ pid: number }>`
      SELECT l.pid FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(${`portreeve/audit/test.example/${name}`}, 0)
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(made.database.read);
    return rows.map(({ pid }) => pid);
  };
  const notes = async (log: ReturnType<typeof process>['log']) =>
    (await log.search({ order: 'oldest', limit: 500 })).records.map((record) => record.payload?.data.note as string);

  test('J2 G2: a process without a key never leads; what it stages waits, and its proofs rest on heads of the one that signs', async () => {
    const leader = process('followed');
    let signed = 0;
    const follower = process('followed', {
      ...{ name: leader.log.origin, vkey: leader.log.vkey, cosigner_vkey: null },
      async signHead() {
        signed++;
        await leader.log.checkpoint();
      },
    });
    await follower.log.record([noteDraft('alone')]);
    expect(await follower.log.size()).toBe(0);
    expect(await leaders('followed')).toEqual([]);

    await leader.log.record([noteDraft('first')]);
    await leader.log.settle();
    expect((await notes(follower.log)).sort()).toEqual(['alone', 'first']);
    expect(await follower.log.newestCheckpoint()).toBeNull();
    const { proof } = await follower.log.receipt(1);
    expect(proof).toContain(leader.log.origin);
    expect(signed).toBe(1);
    await follower.log.receipt(0);
    expect(signed).toBe(1);
    expect(await follower.log.verify()).toMatchObject({ ok: true, size: 2 });
    await leader.log.close();
    await follower.log.close();
  });

  test('four processes append at once: one tree, no gap, none lost, each in the order in which it came', async () => {
    const all = Array.from({ length: 4 }, () => process('four'));
    await Promise.all(
      all.map(async ({ log, uow }, who) => {
        for (let i = 0; i < 20; i++) {
          if (i % 2 === 0)
            await uow.transaction((tx) => log.append(tx, [noteDraft(`${who} ${i} a`), noteDraft(`${who} ${i} b`)]));
          else await log.record([noteDraft(`${who} ${i}`)]);
        }
      }),
    );
    expect(await leaders('four')).toHaveLength(1);
    const found = await notes(all[3]!.log);
    expect(found).toHaveLength(120);
    for (let who = 0; who < 4; who++) {
      const staged = found.filter((note) => note.startsWith(`${who} `) && /[ab]$/.test(note));
      expect(staged).toEqual(Array.from({ length: 10 }, (_, i) => [`${who} ${2 * i} a`, `${who} ${2 * i} b`]).flat());
    }
    await all[0]!.log.checkpoint();
    expect(await all[1]!.log.verify()).toMatchObject({ ok: true, size: 120 });
  });

  test('a leader that is cut off is followed by another, without a gap or a fork, in under two seconds', async () => {
    const [first, second] = [process('cut'), process('cut')];
    await first.log.record([noteDraft('before')]);
    await first.log.settle();
    expect(await leaders('cut')).toHaveLength(1);
    await second.log.record([noteDraft('by the other')]);
    for (let round = 0; round < 3; round++) {
      const [pid] = await leaders('cut');
      // As kill -9 of its process does: the session ends, whatever was under way.
      const cut = sql`SELECT pg_terminate_backend(${pid})`.execute(made.database.read);
      const during = Array.from({ length: 30 }, (_, i) =>
        (i % 2 ? first : second).database.transaction((tx) =>
          (i % 2 ? first : second).log.append(tx, [noteDraft(`round ${round} ${i}`)]),
        ),
      );
      await Promise.all([cut, ...during]);
      const begun = performance.now();
      await second.log.settle();
      await first.log.settle();
      expect(performance.now() - begun).toBeLessThan(2000);
      expect((await notes(second.log)).filter((note) => note.startsWith(`round ${round}`))).toHaveLength(30);
      expect(await leaders('cut')).not.toContain(pid);
    }
    await second.log.checkpoint();
    expect(await second.log.verify()).toMatchObject({ ok: true, size: 92 });
  });

  test('a record whose write is cut off is there once if it was acknowledged, and at most once if not', async () => {
    const one = process('acknowledged');
    await one.log.record([noteDraft('first')]);
    await one.log.settle();
    const said = { yes: new Set<string>(), no: new Set<string>() };
    for (let round = 0; round < 5; round++) {
      await one.log.record([noteDraft(`${round} warm`)]).catch(() => undefined);
      await one.log.settle();
      const writes = Array.from({ length: 40 }, async (_, i) => {
        const note = `${round} ${i}`;
        await one.log.record([noteDraft(note)]).then(
          () => said.yes.add(note),
          (error) => {
            expect(isPortreeveError(error, 'audit_unavailable')).toBe(true);
            said.no.add(note);
          },
        );
      });
      const [pid] = await leaders('acknowledged');
      await sql`SELECT pg_terminate_backend(${pid ?? 0})`.execute(made.database.read);
      await Promise.all(writes);
    }
    const found = await notes(one.log);
    const counts = new Map<string, number>();
    for (const note of found) counts.set(note, (counts.get(note) ?? 0) + 1);
    for (const note of said.yes) expect(counts.get(note), note).toBe(1);
    for (const note of said.no) expect(counts.get(note) ?? 0, note).toBeLessThanOrEqual(1);
    expect(await one.log.verify()).toMatchObject({ ok: true });
  });

  test('two that both believe to lead cannot fork the log', async () => {
    const { store } = process('believers');
    const signal = new AbortController().signal;
    const name = 'test.example/believers';
    const real = await store.lead(name, { signal, onStaged: () => undefined });
    // What a leader that was stopped for minutes would do when it wakes: it goes on from where it was.
    const other = process('believers');
    await sql`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid = ${(await leaders('believers'))[0]}`.execute(
      made.database.read,
    );
    await appendNotes(other.log, other.uow, 3);
    await other.log.settle();
    const record = { index: 0, entry: '{}', payload: '{}', leaf: Buffer.alloc(32) };
    await expect(real.append({ from: 0, records: [record], nodes: [], pending: [] })).rejects.toThrow();
    expect(await other.log.verify()).toMatchObject({ ok: true, size: 3 });
  });

  test('without a leader nothing is lost: who only stages leaves it to the next', async () => {
    const one = process('later');
    await one.uow.transaction((tx) =>
      auditStore(one.database).stage(tx, 'test.example/later', [
        // Staged by a process that ended right after its commit.
        {
          entry:
            '{"actor":{"act":[],"id":"system","kind":"system"},"id":"rec_00000000000000000000000000","index":0,"keys":["key_gone"],"log":"test.example/later","outcome":"","payload_digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","refs":{},"time":"2026-11-20T08:00:00.000Z","type":"handoff.closed","v":1}',
          payload: 'sealed',
          key: null,
        },
      ]),
    );
    const next = process('later');
    expect((await next.log.search()).records.map(({ entry }) => entry.type)).toEqual(['handoff.closed']);
  });
});
