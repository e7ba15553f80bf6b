import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditFilter, AuditLog } from '@portreeve/audit';
import { appendNotes, noteDraft, TEST_ACTOR, testAuditLog, testKeys } from '@portreeve/audit/testing';
import { asId, draft, SYSTEM_ACTOR, type VerdictStatement, verdictBytes } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { subjectKeyStore } from './subject-keys.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

/** A command, not an import: it is run as an auditor runs it, and shares no code with what made the export. */
const VERIFY = join(import.meta.dirname, '../../../verify/src/main.ts');

describe('G2, G8: an export, checked offline by the other implementation', () => {
  let made: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    made = await testDatabase();
    folder = await mkdtemp(join(tmpdir(), 'portreeve-export-'));
    await sql`ALTER TABLE audit_records DISABLE TRIGGER ALL`.execute(made.database.read);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await made.close();
  });

  const open = (origin: string) =>
    testAuditLog({
      store: auditStore(made.database),
      uow: made.database,
      keys: testKeys(subjectKeyStore(made.database)),
      origin: `test.example/${origin}`,
    });

  async function verify(log: AuditLog, filter?: AuditFilter) {
    for await (const file of log.exportLog(filter)) await writeFile(join(folder, file.name), file.content);
    await writeFile(join(folder, 'given.vkey'), log.vkey);
    const args = [VERIFY, folder, '--vkey', join(folder, 'given.vkey'), '--json'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    return { status, ...JSON.parse(stdout) };
  }

  test('the whole log, a selection, and nothing', async () => {
    const { log, uow } = open('whole');
    expect(await verify(log)).toMatchObject({ status: 0, ok: true, complete: true, size: 0 });
    await appendNotes(log, uow, 13);
    const notes = Array.from({ length: 1500 }, (_, i) => noteDraft(`many ${i}: ada@example.org \u{1f6a2} \u0000 "\\`));
    await uow.transaction((tx) => log.append(tx, notes));
    const whole = { status: 0, ok: true, complete: true, key_expected: true, size: 1513, records: 1513 };
    expect(await verify(log)).toMatchObject(whole);
    const some = { status: 0, ok: true, complete: false, size: 1513, records: 13 };
    expect(await verify(log, { words: 'note number' })).toMatchObject(some);
  });

  test('F5: a verdict that a person signed stays provable, with the key that the log registers', async () => {
    const { log, uow } = open('verdict');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'jwk' }).x!;
    const approver = asId('principal', 'prn_approver');
    const statement: VerdictStatement = {
      v: 1,
      approval: asId('approval', 'appr_a'),
      proposal: asId('proposal', 'prop_a'),
      proposal_digest: `sha256:${'0'.repeat(64)}`,
      decision: asId('decision', 'dec_a'),
      verdict: 'approve',
      approver,
      reason: 'agreed with ada@example.org',
      signed_at: '2026-11-20T08:00:00Z',
      nonce: 'n'.repeat(22),
    };
    const signature = sign(null, verdictBytes(statement), privateKey).toString('base64url');
    await uow.transaction((tx) =>
      log.append(tx, [
        draft({
          type: 'identity.account_created',
          actor: SYSTEM_ACTOR,
          data: { account: approver, name: 'approver', kind: 'person', roles: [], groups: [], signing_key: key },
        }),
        draft({
          type: 'approval.verdict',
          actor: TEST_ACTOR,
          refs: { approval: statement.approval, proposal: statement.proposal },
          data: { verdict: { statement, public_key: key, signature } },
        }),
      ]),
    );
    const expected = { status: 0, ok: true, verdicts: 1, verdicts_by_registered_key: 1 };
    expect(await verify(log)).toMatchObject(expected);
  });

  test('what was changed in the database before the export is named by its index', async () => {
    const { log, uow } = open('changed');
    await appendNotes(log, uow, 12);
    await log.checkpoint();
    const change = (text: string) => sql.raw(`${text} AND log = 'test.example/changed'`).execute(made.database.read);
    await change(`UPDATE audit_records SET payload = reverse(payload) WHERE index = 9`);
    expect(await verify(log)).toMatchObject({ status: 1, kind: 'changed_payload', first_bad_index: 9 });
    await change(`UPDATE audit_records SET entry = replace(entry, 'prn_analyst', 'prn_nobody') WHERE index = 7`);
    expect(await verify(log)).toMatchObject({ status: 1, kind: 'changed_entry', first_bad_index: 7 });
    await change('DELETE FROM audit_records WHERE index = 5');
    expect(await verify(log)).toMatchObject({ status: 1, kind: 'missing', first_bad_index: 5 });
  });
});
