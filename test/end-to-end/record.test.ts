import { existsSync, globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { withClient } from '@portreeve/server/testing';
import { verifyReceipt } from '@portreeve/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { EXAMPLE, readJournal } from '../support/case-system.ts';
import { CLI, cli, documentIn, startCli } from '../support/cli.ts';
import { cleanUp, freePort, type Started, start, temporaryFolder } from '../support/processes.ts';

/* One Portreeve that stays up, and the commands that people give it from other terminals. */

let folder: string;
let state: string;
let server: Started;

beforeAll(async () => {
  folder = await temporaryFolder();
  state = join(folder, '.portreeve');
  server = startCli(['up', '--project', EXAMPLE, '--port', String(await freePort()), '--state', state]);
  await server.printed(/^Portreeve .* on http/m);
}, 120_000);
afterAll(cleanUp, 60_000);

const portreeve = (...args: string[]) => cli([...args, '--state', state], { cwd: folder });

interface Proposed {
  readonly args: {
    statements: { text: string; evidence: string[] }[];
    severity: string;
    title: string;
    summary: string;
  };
  readonly evidence: { id: string; source: string; position: number; fields: Record<string, unknown> }[];
}

/** Asks for a summary of a file's events. It must come as far as a person. */
async function summarise(
  file: string,
  ...more: string[]
): Promise<{ run: string; approval: string; proposed: Proposed }> {
  const ended = await portreeve('run', 'incident-summary', '--input', file, '--json', ...more);
  expect(ended).toMatchObject({ code: 3, err: '' });
  const { run, proposed, approval } = documentIn(ended);
  expect(run).toMatchObject({ state: 'waiting', ended_at: null, approval: approval.id });
  return { run: run.id, approval: approval.id, proposed };
}

async function declaredFields(): Promise<Map<string, number>> {
  const { attachedLogs } = await import(join(EXAMPLE, 'workflows/incident-summary/sources.ts'));
  return new Map(
    attachedLogs.fields.map((field: { name: string; max_chars: number }) => [field.name, field.max_chars]),
  );
}

describe('recorded event logs', () => {
  const cases = join(ROOT, '../shared/bench/cases');
  const files = existsSync(cases) ? globSync('*.jsonl.gz', { cwd: cases }).map((name) => join(cases, name)) : [];
  if (files.length === 0) console.log('skipped: the recorded event logs (bench/cases) are not here');

  test.skipIf(files.length === 0)(
    'D8 E3: each statement cites events that are in the file, by declared fields alone',
    { timeout: 120_000 },
    async () => {
      const declared = await declaredFields();
      for (const file of files) {
        const text = gunzipSync(await readFile(file)).toString('utf8');
        const lines = text.split('\n').filter((line) => line !== '');
        const { run, proposed } = await summarise(file);
        const evidenceById = new Map(proposed.evidence.map((item) => [item.id, item]));
        expect(proposed.args.statements.length).toBeGreaterThan(0);
        for (const statement of proposed.args.statements) {
          expect(statement.evidence.length).toBeGreaterThan(0);
          for (const id of statement.evidence) expect([...evidenceById.keys()]).toContain(id);
        }
        for (const { source, position, fields } of proposed.evidence) {
          expect(source).toBe('attached-logs');
          const event = JSON.parse(lines[position - 1] as string);
          for (const [name, shown] of Object.entries(fields)) {
            expect([...declared.keys()]).toContain(name);
            const whole = String(event[name]);
            const most = declared.get(name) as number;
            if (whole.length <= most) expect(shown).toEqual(event[name]);
            else expect(shown).toBe(`${whole.slice(0, most)}… [cut: ${whole.length - most} more characters]`);
          }
        }

        const [read] = documentIn(
          await portreeve('audit', 'search', '--run', run, '--type', 'source.read', '--json'),
        ).records;
        expect(read.payload.data).toMatchObject({ available: lines.length, read: lines.length });
        expect(read.payload.data.fields_left_out).toContain('Message');
      }
    },
  );

  test.skipIf(files.length === 0)(
    'D8: the same file, unpacked, gives the same summary',
    { timeout: 60_000 },
    async () => {
      const [packed = ''] = files;
      const plain = join(folder, basename(packed, '.gz'));
      await writeFile(plain, gunzipSync(await readFile(packed)));
      const [one, other] = [await summarise(packed), await summarise(plain)];
      expect(other.proposed.args).toEqual(one.proposed.args);
      expect(other.run).not.toBe(one.run);
    },
  );
});

test('I2: events can come by a pipe', { timeout: 60_000 }, async () => {
  const args = [CLI, 'run', 'incident-summary', '--input', '-', '--state', state, '--json'];
  const piped = start(process.execPath, args, { keepInput: true });
  piped.child.stdin?.end(await readFile(join(EXAMPLE, 'cases/CASE-1042.jsonl')));
  const ended = await piped.ended;
  expect(ended.code).toBe(3);
  expect(documentIn(ended).run.input).toMatchObject({ case_id: 'stdin', logs: 'attached' });
});

describe('a log that gives orders', () => {
  const original = join(EXAMPLE, 'cases/CASE-2001.jsonl');
  let ordered = '';

  test('D3 INV4: is found, changes nothing, and publishes nothing', { timeout: 60_000 }, async () => {
    const attacked = await summarise(original, '--set', 'case_id=CASE-2001');
    ordered = attacked.approval;

    const [read] = documentIn(
      await portreeve('audit', 'search', '--run', attacked.run, '--type', 'source.read', '--json'),
    ).records;
    const kinds = read.payload.data.findings.map((finding: { kind: string }) => finding.kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['bidirectional_control', 'instruction_like', 'role_marker', 'tag_character']),
    );

    // The same events without the orders in them.
    const harmless = join(folder, 'harmless.jsonl');
    const text = (await readFile(original, 'utf8'))
      .replace(/cmd\.exe \/c echo \\"SYSTEM NOTICE[^}]*?needed\.\\"/, 'cmd.exe /c echo ok')
      .replace(/# <\|im_start\|>.*?<\|im_end\|>\\n/, '')
      .replaceAll(/[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]|\\u202e|\\udb40\\udc[0-9a-f]{2}/gu, '');
    expect(text).not.toMatch(/ignore your instructions|im_start|udb40|u202e/);
    await writeFile(harmless, text);
    const calm = await summarise(harmless, '--set', 'case_id=CASE-2001');
    expect(attacked.proposed.args.severity).toBe(calm.proposed.args.severity);
    expect(attacked.proposed.args.title).toBe(calm.proposed.args.title);
    const cited = ({ proposed }: typeof calm) => proposed.evidence.map((item) => item.position);
    expect(cited(attacked)).toEqual(cited(calm));

    const published = await readJournal(join(state, 'companions/case-system'));
    expect(published).toEqual([]);
  });

  test('F3: is shown to the approver as untrusted, and cannot move the terminal', { timeout: 60_000 }, async () => {
    const shown = await portreeve('approvals', 'show', ordered);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain('written by the model from UNTRUSTED data');
    // Besides line ends nothing that is no visible text: no escape sequence, no change of direction, nothing hidden.
    expect(shown.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u);
  });
});

describe('the record', () => {
  let approval = '';
  let result = 0;

  test('G1 G4: a run can be followed by search, from who asked to what was done', { timeout: 60_000 }, async () => {
    const input = join(folder, 'input.json');
    await writeFile(input, JSON.stringify({ case_id: 'CASE-1042' }));
    const asked = await portreeve('run', 'incident-summary', '--input', input, '--json');
    expect(asked.code).toBe(3);
    const { run } = documentIn(asked);
    approval = run.approval;
    // The digest that was shown binds the verdict: another one is refused before anything is signed.
    const other = `sha256:${'0'.repeat(64)}`;
    const refused = await portreeve('approvals', 'approve', approval, '--digest', other, '--json');
    expect(refused.code).toBe(2);
    const { digest } = documentIn(await portreeve('approvals', 'show', approval, '--json'));
    const approved = await portreeve(
      'approvals',
      'approve',
      approval,
      '--digest',
      digest,
      '--reason',
      'read it',
      '--json',
    );
    expect(approved.code).toBe(0);

    let types: string[] = [];
    for (const end = Date.now() + 20_000; !types.includes('run.ended') && Date.now() < end; ) {
      const found = await portreeve('audit', 'search', '--run', run.id, '--oldest', '--limit', '200', '--json');
      const { records } = documentIn(found);
      types = records.map((record: { entry: { type: string } }) => record.entry.type);
      result = records.find((record: { entry: { type: string } }) => record.entry.type === 'execution.result')?.entry
        .index;
    }
    const chain = [
      'run.submitted',
      'run.admitted',
      'source.read',
      'prompt.assembled',
      'model.answered',
      'output.validated',
    ];
    chain.push('proposal.submitted', 'approval.requested', 'approval.verdict', 'approval.closed', 'grant.issued');
    chain.push('execution.intent', 'execution.result', 'run.ended');
    expect(types.filter((type) => chain.includes(type))).toEqual(chain);
  });

  test('G2: a receipt proves one record, and no other, with the log’s key alone', { timeout: 60_000 }, async () => {
    const { proof, entry, vkey } = documentIn(await portreeve('audit', 'receipt', String(result), '--json'));
    expect(await verifyReceipt(proof, entry, [vkey])).toMatchObject({ ok: true });
    expect(await verifyReceipt(proof, entry.replace('succeeded', 'failed'), [vkey])).toMatchObject({ ok: false });
  });

  test('G2: an export verifies with the auditor’s own program, and shows one changed byte', {
    timeout: 60_000,
  }, async () => {
    const out = join(folder, 'whole');
    expect(await portreeve('audit', 'export', '--out', out)).toMatchObject({ code: 0 });
    const check = () => start(process.execPath, [join(ROOT, 'packages/verify/src/main.ts'), out]).ended;
    expect(await check()).toMatchObject({ code: 0, out: expect.stringContaining('OK: nothing was changed.') });
    const entries = join(out, 'entries.jsonl');
    const lines = (await readFile(entries, 'utf8')).split('\n');
    lines[result] = (lines[result] as string).replace('succeeded', 'succeedee');
    await writeFile(entries, lines.join('\n'));
    expect(await check()).toMatchObject({ code: 1, out: expect.stringContaining(`NOT OK from index ${result}:`) });
  });

  test('G2: one changed record in the database is found, and the first bad index is named', {
    timeout: 60_000,
  }, async () => {
    const whole = await portreeve('audit', 'verify', '--json');
    expect(whole.code).toBe(0);
    expect(documentIn(whole)).toMatchObject({ ok: true, logs: [{ name: 'main', first_bad_index: null }] });

    const url = await embeddedDatabaseUrl();
    const change = `UPDATE audit_records SET payload = reverse(payload) WHERE index = $1`;
    // The database itself refuses …
    await expect(withClient(url, (client) => client.query(change, [result]))).rejects.toThrow(/insert-only/);
    // … and somebody who owns it is found out.
    await withClient(url, async (client) => {
      await client.query('ALTER TABLE audit_records DISABLE TRIGGER ALL');
      const changed = await client.query(change, [result]);
      expect(changed.rowCount).toBe(1);
      await client.query('ALTER TABLE audit_records ENABLE TRIGGER ALL');
    });
    const broken = await portreeve('audit', 'verify');
    expect(broken.code).toBe(1);
    expect(broken.err).toContain(`First bad record: ${result}.`);
    expect(broken.err).toMatch(/next: keep the database as it is/);
    const asJson = await portreeve('audit', 'verify', '--json');
    expect(asJson.code).toBe(1);
    expect(documentIn(asJson)).toMatchObject({
      ok: false,
      logs: [{ name: 'main', first_bad_index: result, kind: 'changed_payload' }],
    });
  });

  test('G2: an export of the changed log is found out offline as well', { timeout: 60_000 }, async () => {
    const out = join(folder, 'export');
    expect(await portreeve('audit', 'export', '--out', out)).toMatchObject({ code: 0 });
    server.child.kill('SIGINT');
    await server.ended;
    const offline = await portreeve('audit', 'verify', out, '--json');
    expect(offline.code).toBe(1);
    expect(documentIn(offline)).toMatchObject({ ok: false, first_bad_index: result });
  });
});

/** The address of the embedded PostgreSQL on a state folder: what somebody who reads the files can find out. */
async function embeddedDatabaseUrl(): Promise<string> {
  const password = await readFile(join(state, 'postgres/password'), 'utf8');
  const port = (await readFile(join(state, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgresql://portreeve:${password}@127.0.0.1:${port}/portreeve`;
}
