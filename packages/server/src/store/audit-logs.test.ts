import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditLogs } from '@portreeve/audit';
import { noteDraft, testAuditLogs, testKeys } from '@portreeve/audit/testing';
import { asId, draft, SYSTEM_ACTOR, type VerdictStatement, verdictBytes } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { Database } from './database.ts';
import { subjectKeyStore } from './subject-keys.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

const VERIFY = join(import.meta.dirname, '../../../verify/src/main.ts');
const { privateKey } = generateKeyPairSync('ed25519');
const of = (workflow: string | null, note = 'note') => noteDraft(note, workflow === null ? {} : { refs: { workflow } });

describe('G2: several logs in one database', () => {
  let made: TestDatabase;
  let folder: string;
  const opened: Database[] = [];
  beforeAll(async () => {
    made = await testDatabase();
    folder = await mkdtemp(join(tmpdir(), 'portreeve-logs-'));
  });
  afterAll(async () => {
    for (const database of opened) await database.close();
    await made.close();
    await rm(folder, { recursive: true });
  });

  /** A process of its own: its connections, and a main log with another one for the workflow `invoices`. */
  const process = (name: string) => {
    const database = new Database(made.url, { max: 4 });
    opened.push(database);
    const origin = `test.example/${name}`;
    return testAuditLogs({
      ...{ store: auditStore(database), uow: database, keys: testKeys(subjectKeyStore(database)), origin, privateKey },
      others: { finance: { origin: `${origin}/finance`, workflows: ['invoices'] } },
    });
  };
  const leaders = async (origin: string): Promise<number[]> => {
    const { rows } = await sql<{ pid: number }>`
      SELECT l.pid FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(${`portreeve/audit/${origin}`}, 0)
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(made.database.read);
    return rows.map(({ pid }) => pid);
  };
  const sizesOf = (logs: AuditLogs) => Promise.all(logs.all.map(({ log }) => log.size()));
  const run = (statement: string) => sql.raw(statement).execute(made.database.read);

  test('G2 G3: records of one transaction stand in both logs, or in none', async () => {
    const { logs, uow } = process('both');
    const failed = uow.transaction(async (tx) => {
      await logs.append(tx, [of(null), of('invoices')]);
      await logs.append(tx, [of('invoices')]);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await sizesOf(logs)).toEqual([0, 0]);
    await uow.transaction(async (tx) => {
      await logs.append(tx, [of(null, 'one'), of('invoices', 'two'), of('invoices', 'three')]);
    });
    await logs.record([of('invoices', 'four'), of(null, 'five')]);
    const { records } = await logs.search({ order: 'oldest' });
    const notes = (name: string) =>
      records.filter(({ place }) => place.startsWith(name)).map(({ payload }) => payload?.data.note);
    expect(notes('finance')).toEqual(['two', 'three', 'four']);
    expect(await sizesOf(logs)).toEqual([2, 3]);
    await logs.close();
  });

  test('G2 G3: each log has a leader of its own; one that is cut off is followed, and the other log does not notice', async () => {
    const [first, second] = [process('cut'), process('cut')];
    const [main, finance] = ['test.example/cut', 'test.example/cut/finance'];
    // The first process leads one log, the second one the other.
    await first.logs.main.record([of(null)]);
    await second.logs.named('finance').log.record([of('invoices')]);
    // A record is durable before anybody leads: it is staged.
    await expect.poll(() => leaders(main), { timeout: 20_000 }).toHaveLength(1);
    await expect.poll(() => leaders(finance), { timeout: 20_000 }).toHaveLength(1);
    expect(await leaders(main)).not.toEqual(await leaders(finance));
    const untouched = await leaders(main);
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        [first, second].map(({ logs }) => logs.record([of('invoices', `${round}`), of(null, `${round}`)])),
      );
      const [pid] = await leaders(finance);
      // As kill -9 of its process does: the session ends, whatever was under way.
      const begun = performance.now();
      await sql`SELECT pg_terminate_backend(${pid})`.execute(made.database.read);
      await expect
        .poll(async () => (await leaders(finance)).filter((other) => other !== pid), { interval: 20 })
        .toHaveLength(1);
      expect(performance.now() - begun).toBeLessThan(2000);
    }
    await first.logs.settle();
    expect(await sizesOf(second.logs)).toEqual([7, 7]);
    expect(await leaders(main)).toEqual(untouched);
    await first.logs.checkpoint();
    for (const { log } of second.logs.all) expect(await log.verify()).toMatchObject({ ok: true, size: 7 });
    for (const { logs } of [first, second]) await logs.close();
  });

  test('G2: what is changed in one log is found there, and the other one verifies', async () => {
    const { logs } = process('tampered');
    for (let i = 0; i < 5; i++) await logs.record([of(null, `${i}`), of('invoices', `${i}`)]);
    await logs.settle();
    await logs.checkpoint();
    await run('ALTER TABLE audit_records DISABLE TRIGGER ALL');
    await run(`UPDATE audit_records SET entry = replace(entry, '"outcome":""', '"outcome":"x"')
      WHERE log = 'test.example/tampered/finance' AND index = 3`);
    await run('ALTER TABLE audit_records ENABLE TRIGGER ALL');
    expect(await logs.main.verify()).toMatchObject({ ok: true, size: 5 });
    expect(await logs.named('finance').log.verify()).toMatchObject({
      ...{ ok: false, kind: 'changed_entry', first_bad_index: 3 },
    });
    // A whole log that is gone leaves the other one as it is, and is missing by its own checkpoints.
    await run('ALTER TABLE audit_records DISABLE TRIGGER ALL');
    await run("DELETE FROM audit_records WHERE log = 'test.example/tampered/finance'");
    await run('ALTER TABLE audit_records ENABLE TRIGGER ALL');
    expect(await logs.named('finance').log.verify()).toMatchObject({ ok: false });
    expect(await logs.main.verify()).toMatchObject({ ok: true });
    await logs.close();
  });

  test('G4: the pages of a search go through both logs, each record once', async () => {
    const { logs, uow } = process('paged');
    const drafts = Array.from({ length: 60 }, (_, i) => of(i % 3 === 0 ? 'invoices' : null, `invoice ${i}`));
    for (let i = 0; i < drafts.length; i += 12) await uow.transaction((tx) => logs.append(tx, drafts.slice(i, i + 12)));
    for (const query of [{}, { words: 'invoice' }, { type: 'handoff.closed' as const }])
      for (const order of ['newest', 'oldest'] as const) {
        const whole = await logs.search({ ...query, order, limit: 500 });
        expect(whole.records).toHaveLength(60);
        const paged: string[] = [];
        let after: string | null | undefined;
        while (after !== null) {
          const page = await logs.search({ ...query, order, limit: 7, ...(after === undefined ? {} : { after }) });
          paged.push(...page.records.map(({ place }) => place));
          after = page.next;
        }
        expect(paged).toEqual(whole.records.map(({ place }) => place));
        expect(new Set(paged).size).toBe(60);
      }
    await logs.close();
  });

  /** Writes an export of both logs as `portreeve audit export` lays it out, and checks it as an auditor does. */
  async function checked(logs: AuditLogs, name: string, ...args: string[]) {
    const out = join(folder, name);
    for (const { name: log, log: from } of logs.all) {
      const place = log === 'main' ? out : join(out, 'logs', log);
      await mkdir(place, { recursive: true });
      for await (const file of from.exportLog()) await writeFile(join(place, file.name), file.content);
    }
    return { out, ...check(out, ...args) };
  }
  function check(out: string, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(globalThis.process.execPath, [VERIFY, out, ...args], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return { status, stdout };
  }
  const vkeysOf = async (logs: AuditLogs, name: string) => {
    const path = join(folder, `${name}.vkeys`);
    await writeFile(path, logs.all.map(({ log }) => `${log.vkey}\n`).join(''));
    return path;
  };

  test('G2: an export of both logs is checked offline: whole, changed in one, and with one taken away', async () => {
    const { logs } = process('exported');
    await logs.record([of(null), of('invoices'), of('invoices')]);
    await logs.settle();
    const vkeys = await vkeysOf(logs, 'exported');
    const whole = await checked(logs, 'exported', '--vkey', vkeys, '--json');
    expect(whole.status).toBe(0);
    expect(JSON.parse(whole.stdout)).toMatchObject({
      ...{ ok: true, complete: true, origin: 'test.example/exported', size: 1, key_expected: true },
      logs: { finance: { ok: true, complete: true, origin: 'test.example/exported/finance', size: 2 } },
    });
    const policies = await Promise.all(
      logs.all.map(async ({ name, log }) => {
        const path = join(folder, `${name}.policy`);
        await writeFile(path, `log ${log.vkey}\nquorum none\n`);
        return ['--policy', path];
      }),
    );
    expect(check(whole.out, ...policies.flat()).status).toBe(0);
    // One policy is for one log.
    expect(check(whole.out, ...policies[0]!)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('wrong_key'),
    });

    const entries = join(whole.out, 'logs/finance/entries.jsonl');
    const text = await readFile(entries, 'utf8');
    await writeFile(entries, text.replace('"note":"note"', '"note":"n0te"'));
    const changed = check(whole.out, '--vkey', vkeys);
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(
      /^log +test\.example\/exported\n[\s\S]*OK: nothing was changed\.\n\nlog +test\.example\/exported\/finance/,
    );
    expect(changed.stdout).toMatch(/NOT OK from index 0: .*changed_payload/);

    await rm(join(whole.out, 'logs'), { recursive: true });
    const absent = check(whole.out, '--vkey', vkeys);
    expect([absent.status, absent.stdout]).toEqual([
      1,
      expect.stringContaining('NOT OK: the log test.example/exported/finance is not here, and its key was given.'),
    ]);
    // One log in the place of the other is no second log.
    await mkdir(join(whole.out, 'logs/finance'), { recursive: true });
    for (const file of ['entries.jsonl', 'checkpoint', 'log.vkey'])
      await cp(join(whole.out, file), join(whole.out, 'logs/finance', file));
    expect(check(whole.out)).toMatchObject({ status: 1, stdout: expect.stringContaining('is here twice') });
    await logs.close();
  });

  test('G2 F5: a verdict in one log is by the key that another one registers, as long as that key was valid', async () => {
    const { logs } = process('verdicts');
    const person = generateKeyPairSync('ed25519');
    const key = person.publicKey.export({ format: 'jwk' }).x!;
    const approver = asId('principal', 'prn_approver');
    const statement: VerdictStatement = {
      ...{ v: 1, approval: asId('approval', 'appr_a'), proposal: asId('proposal', 'prop_a') },
      ...{ proposal_digest: `sha256:${'0'.repeat(64)}`, decision: asId('decision', 'dec_a'), verdict: 'approve' },
      ...{ approver, reason: '', signed_at: '2026-11-20T08:00:00Z', nonce: 'n'.repeat(22) },
    } as VerdictStatement;
    const signature = sign(null, verdictBytes(statement), person.privateKey).toString('base64url');
    const registered = (public_key: string) =>
      draft({
        ...{ type: 'identity.signing_key_registered', actor: SYSTEM_ACTOR },
        data: { account: approver, public_key } as never,
      });
    const verdict = draft({
      ...{ type: 'approval.verdict', actor: SYSTEM_ACTOR, outcome: 'approve' },
      refs: { workflow: 'invoices', approval: statement.approval, proposal: statement.proposal },
      data: { verdict: { statement, public_key: key, signature } } as never,
    });
    await logs.record([registered(key)]);
    await logs.record([verdict]);
    await logs.settle();
    const vkeys = await vkeysOf(logs, 'verdicts');
    const proved = await checked(logs, 'verdicts', '--vkey', vkeys, '--approvals', '--json');
    expect(JSON.parse(proved.stdout)).toMatchObject({
      ok: true,
      logs: { finance: { verdicts: 1, verdicts_by_registered_key: 1, proved: [{ approver, registered: true }] } },
    });
    // The one log alone does not say whose key it is.
    expect(check(join(proved.out, 'logs/finance'), '--approvals')).toMatchObject({ status: 1 });
    await logs.close();
  });
});
