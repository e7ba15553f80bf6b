import { generateKeyPairSync } from 'node:crypto';
import { createCosigner } from '@portreeve/audit';
import { appendNotes, noteDraft, testAuditLog, testKeys } from '@portreeve/audit/testing';
import { isPortreeveError } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { subjectKeyStore } from './subject-keys.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

/** What somebody with all rights on the database can do, and what `verify` says then. */
describe('G2: tampering in the database, as its superuser', () => {
  let made: TestDatabase;
  let count = 0;
  beforeAll(async () => {
    made = await testDatabase();
    for (const table of [
      'audit_records',
      'audit_nodes',
      'audit_checkpoints',
      'audit_pending',
      'audit_keys',
      'audit_cosignatures',
    ])
      await sql.raw(`ALTER TABLE ${table} DISABLE TRIGGER ALL`).execute(made.database.read);
  });
  afterAll(() => made.close());

  const run = (text: string) => sql.raw(text).execute(made.database.read);

  /** A log of 20 records with checkpoints at 8 and, if asked, at 20. */
  async function signedLog(options: { last?: boolean } = {}) {
    const origin = `test.example/tampered/${count++}`;
    const parts = {
      store: auditStore(made.database),
      uow: made.database,
      keys: testKeys(subjectKeyStore(made.database)),
      origin,
    };
    const opened = testAuditLog(parts);
    await appendNotes(opened.log, opened.uow, 8);
    await opened.log.checkpoint();
    await appendNotes(opened.log, opened.uow, 12, 8);
    const anchor = options.last === false ? null : (await opened.log.checkpoint()).note;
    await opened.log.settle();
    expect(await opened.log.verify()).toMatchObject({ ok: true, size: 20 });
    const where = (index: number) => `log = '${origin}' AND index = ${index}`;
    return { ...opened, parts, origin, where, anchor };
  }

  test.each([true, false])('a changed entry (signed: %s)', async (last) => {
    const { log, where } = await signedLog({ last });
    await run(`UPDATE audit_records SET entry = replace(entry, 'prn_analyst', 'prn_somebod') WHERE ${where(11)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 11, kind: 'changed_entry', size: 20 });
    if (last) await expect(log.receipt(11)).rejects.toSatisfy((error) => isPortreeveError(error, 'log_broken'));
  });

  test('a changed entry that is no longer an entry, or no longer canonical', async () => {
    const { log, where } = await signedLog();
    await run(`UPDATE audit_records SET entry = replace(entry, '{"actor"', '{ "actor"') WHERE ${where(19)}`);
    expect(await log.verify()).toMatchObject({ first_bad_index: 19, kind: 'changed_entry' });
    await run(`UPDATE audit_records SET entry = 'gone' WHERE ${where(3)}`);
    expect(await log.verify()).toMatchObject({ first_bad_index: 3, kind: 'changed_entry' });
  });

  test('a changed payload, and a removed one', async () => {
    const { log, where } = await signedLog();
    await run(`UPDATE audit_records SET payload = NULL WHERE ${where(9)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 9, kind: 'missing_payload' });
    await run(`UPDATE audit_records SET payload = reverse(payload) WHERE ${where(5)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 5, kind: 'changed_payload' });
  });

  test('a payload in the place of another one, and a key that was removed without a record', async () => {
    const { log, keys, where } = await signedLog();
    const other = `(SELECT payload FROM audit_records WHERE ${where(4)})`;
    await run(`UPDATE audit_records SET payload = ${other} WHERE ${where(6)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 6, kind: 'changed_payload' });
    const { entry } = (await log.get(2))!;
    await run(`DELETE FROM subject_keys WHERE id = '${entry.keys[0]}'`);
    keys.ring.forget();
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 0, kind: 'missing_payload' });
    // Nor does a mark help: the log itself must say so.
    await run(`INSERT INTO erased_keys VALUES ('${entry.keys[0]}', 'erasure', now(), 'rec_x')`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 0, kind: 'missing_payload' });
  });

  test('a deleted record, in the middle and the first', async () => {
    const { log, where } = await signedLog();
    await run(`DELETE FROM audit_records WHERE ${where(13)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 13, kind: 'missing', size: 20 });
    await run(`DELETE FROM audit_records WHERE ${where(0)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 0, kind: 'missing' });
  });

  test('two swapped records', async () => {
    const { log, where } = await signedLog();
    await run(`UPDATE audit_records SET index = 1000 WHERE ${where(6)}`);
    await run(`UPDATE audit_records SET index = 6 WHERE ${where(15)}`);
    await run(`UPDATE audit_records SET index = 15 WHERE ${where(1000)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 6, kind: 'reordered' });
  });

  test('a record put in between, with the others moved on and without', async () => {
    const { log, origin, where } = await signedLog();
    await run(`UPDATE audit_records SET index = index + 1000 WHERE log = '${origin}' AND index >= 10`);
    await run(`UPDATE audit_records SET index = index - 999 WHERE log = '${origin}' AND index >= 1000`);
    await run(
      `INSERT INTO audit_records (index, log, entry, payload, leaf)
         SELECT 10, log, changed, payload, sha256('\\x00' || convert_to(changed, 'UTF8')) FROM (
           SELECT log, payload, replace(entry, '"index":9', '"index":10') AS changed FROM audit_records WHERE ${where(9)}
         ) AS copy`,
    );
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 10, kind: 'inserted', size: 21 });
  });

  test('a record put on the end past the log', async () => {
    const { log, where } = await signedLog();
    await run(
      `INSERT INTO audit_records (index, log, entry, payload, leaf)
         SELECT 20, log, replace(entry, '"index":19', '"index":20'), payload, leaf FROM audit_records WHERE ${where(19)}`,
    );
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 20, kind: 'changed_entry', size: 21 });
  });

  test('a truncated tail: below a checkpoint, or with its tree left; nothing is appended or signed then', async () => {
    const { log, uow, origin } = await signedLog();
    await run(`DELETE FROM audit_records WHERE log = '${origin}' AND index >= 17`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 17, kind: 'truncated', size: 17 });
    const broken = (error: unknown) => isPortreeveError(error, 'log_broken');
    await expect(log.record([noteDraft('on a log that was cut off')])).rejects.toSatisfy(broken);
    await expect(appendNotes(log, uow, 1)).rejects.toSatisfy(broken);
    await expect(log.record([noteDraft('still')])).rejects.toSatisfy(broken);
    await expect(log.checkpoint()).rejects.toSatisfy(broken);
    await run(`DELETE FROM audit_records WHERE log = '${origin}'`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 0, kind: 'truncated', size: 0 });

    const unsigned = await signedLog({ last: false });
    await run(`DELETE FROM audit_records WHERE log = '${unsigned.origin}' AND index >= 18`);
    expect(await unsigned.log.verify()).toMatchObject({ ok: false, first_bad_index: 18, kind: 'truncated', size: 18 });
  });

  test('a tail truncated with its tree and its checkpoint is shown by a checkpoint kept elsewhere', async () => {
    const { log, uow, origin, anchor, parts } = await signedLog();
    await run(`DELETE FROM audit_records WHERE log = '${origin}' AND index >= 17`);
    await run(`DELETE FROM audit_index WHERE log = '${origin}' AND index >= 17`);
    await run(`DELETE FROM audit_checkpoints WHERE log = '${origin}' AND size = 20`);
    expect(await log.verify()).toMatchObject({ ok: true, size: 17 });
    expect(await log.verify({ anchors: [anchor!] })).toMatchObject({
      ok: false,
      first_bad_index: 17,
      kind: 'truncated',
    });
    // The process that signed the lost checkpoint remembers it, and signs nothing beside it.
    await expect(log.checkpoint()).rejects.toSatisfy((error) => isPortreeveError(error, 'log_broken'));
    // Nor does it append. Another process cannot know.
    await expect(log.record([noteDraft('beside it')])).rejects.toSatisfy((error) =>
      isPortreeveError(error, 'log_broken'),
    );
    await log.close();
    const other = testAuditLog(parts);
    await appendNotes(other.log, uow, 4, 100);
    await other.log.settle();
    await expect(log.checkpoint()).rejects.toSatisfy((error) => isPortreeveError(error, 'log_broken'));
    expect(await log.verify({ anchors: [anchor!] })).toMatchObject({ ok: false, first_bad_index: 8, kind: 'forked' });
  });

  test('a changed hash beside a record, and one that is changed with its record', async () => {
    const { log, where } = await signedLog();
    const zeros = `decode(repeat('00', 32), 'hex')`;
    await run(`UPDATE audit_records SET leaf = ${zeros} WHERE ${where(7)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 7, kind: 'changed_node' });
    const broken = (error: unknown) => isPortreeveError(error, 'log_broken');
    await expect(log.checkpoint()).rejects.toSatisfy(broken);
    await expect(log.receipt(5)).rejects.toSatisfy(broken);

    const other = await signedLog();
    await run(
      `UPDATE audit_records SET entry = changed, leaf = sha256('\\x00' || convert_to(changed, 'UTF8')) FROM (
         SELECT replace(entry, 'prn_analyst', 'prn_somebod') AS changed FROM audit_records WHERE ${other.where(11)}
       ) AS c WHERE ${other.where(11)}`,
    );
    expect(await other.log.verify()).toMatchObject({ ok: false, first_bad_index: 11, kind: 'changed_column' });
    await run(`UPDATE audit_index SET actor_id = 'prn_somebod' WHERE ${other.where(11)}`);
    expect(await other.log.verify()).toMatchObject({ ok: false, first_bad_index: 8, kind: 'forked' });
  });

  test('a changed root of a tile, and a missing one', async () => {
    const { log, uow, origin } = await signedLog();
    await uow.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: 500 }, (_, i) => noteDraft(`more ${i}`)),
      ),
    );
    expect(await log.verify()).toMatchObject({ ok: true, size: 520 });
    const tile = `log = '${origin}' AND level = 8 AND idx = 1`;
    await run(`UPDATE audit_nodes SET hash = decode(repeat('00', 32), 'hex') WHERE ${tile}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 256, kind: 'changed_node' });
    const broken = (error: unknown) => isPortreeveError(error, 'log_broken');
    await expect(log.receipt(300)).rejects.toSatisfy(broken);
    await run(`DELETE FROM audit_nodes WHERE ${tile}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 256, kind: 'changed_node' });
    await expect(log.checkpoint()).rejects.toSatisfy(broken);
  });

  test('all records rewritten together with their payloads and nodes', async () => {
    const { log, origin, parts } = await signedLog();
    const checkpoints = (to: string, from: string) =>
      run(`UPDATE audit_checkpoints SET log = '${to}' WHERE log = '${from}'`);
    await run(`DELETE FROM audit_records WHERE log = '${origin}'`);
    await run(`DELETE FROM audit_index WHERE log = '${origin}'`);
    await log.close();
    await checkpoints('aside', origin);
    const forger = testAuditLog(parts);
    await appendNotes(forger.log, forger.uow, 20, 100);
    await forger.log.settle();
    await checkpoints(origin, 'aside');
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 0, kind: 'forked', size: 20 });
  });

  test('a search column that hides a record', async () => {
    const { log, where } = await signedLog();
    await run(`UPDATE audit_index SET actor_id = 'prn_nobody' WHERE ${where(4)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 4, kind: 'changed_column' });
  });

  test('a clock that goes back, in a record at the end that is changed with its hash and its search row', async () => {
    const { log, where } = await signedLog({ last: false });
    const earlier = `regexp_replace(entry, '"time":"[^"]*"', '"time":"2026-11-20T07:59:59.999Z"')`;
    await run(
      `UPDATE audit_records SET entry = ${earlier}, leaf = sha256('\\x00' || convert_to(${earlier}, 'UTF8')) WHERE ${where(19)}`,
    );
    await run(`UPDATE audit_index SET time = '2026-11-20T07:59:59.999Z' WHERE ${where(19)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: 19, kind: 'clock' });
  });

  test('a cosignature that does not verify, and one that is no signature', async () => {
    const { log, origin, parts } = await signedLog();
    const checkpoint = (await log.newestCheckpoint())!;
    const cosigner = createCosigner({ name: origin, privateKey: generateKeyPairSync('ml-dsa-44').privateKey });
    const withKey = testAuditLog({ ...parts, cosigner, earlierKeys: [log.vkey] }).log;
    const line = cosigner.cosign(checkpoint.text.replace('20', '19'), new Date());
    await run(`INSERT INTO audit_cosignatures VALUES ('${origin}', ${checkpoint.seq}, 'w', '${line}')`);
    expect(await withKey.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'bad_signature' });
    await run(`UPDATE audit_cosignatures SET lines = 'nothing' WHERE log = '${origin}'`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'bad_checkpoint' });
    await expect(log.checkpoint()).rejects.toSatisfy((error) => isPortreeveError(error, 'log_broken'));
  });

  test('checkpoints: signed by another key, altered, renumbered, of another size', async () => {
    const { log, parts, origin } = await signedLog();
    const otherKey = testAuditLog({ ...parts, privateKey: generateKeyPairSync('ed25519').privateKey });
    expect(await otherKey.log.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'wrong_key' });
    await expect(otherKey.log.checkpoint()).rejects.toSatisfy((error) => isPortreeveError(error, 'log_broken'));

    const at = (seq: number) => `log = '${origin}' AND seq = ${seq}`;
    await run(`UPDATE audit_checkpoints SET seq = 5 WHERE ${at(1)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'bad_checkpoint' });
    await run(`UPDATE audit_checkpoints SET seq = 1, size = 19 WHERE ${at(5)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'bad_checkpoint' });
    await run(`UPDATE audit_checkpoints SET note = replace(note, E'\\n20\\n', E'\\n19\\n') WHERE ${at(1)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'bad_signature' });
    await run(`UPDATE audit_checkpoints SET note = 'nothing' WHERE ${at(1)}`);
    expect(await log.verify()).toMatchObject({ ok: false, first_bad_index: null, kind: 'bad_checkpoint' });
  });

  test('the report tells where to look, and how far it got', async () => {
    const { log, where } = await signedLog();
    const seen: unknown[] = [];
    await log.verify({ onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([{ checked: 20, size: 20 }]);
    await run(`DELETE FROM audit_records WHERE ${where(2)}`);
    expect(await log.verify()).toEqual({
      verified: { size: 2, root: expect.any(String), checkpoints: 0 },
      ok: false,
      size: 20,
      detached_below: 0,
      first_bad_index: 2,
      problem: 'record 2 has been removed',
      kind: 'missing',
      checkpoints: 2,
      erased: 0,
    });
  });
});
