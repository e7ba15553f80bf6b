import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decideByPasskey, type TestServer, testServer, withPasskey } from '@portreeve/server/testing';
import { verifyConsistency, verifyExport, verifyFolder, verifyReceipt, verifyVerdict } from '@portreeve/verify';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

let house: TestServer;
let folder: string;
/** What the log had recorded of one run that was approved and carried out. */
let run: string;
let vkey: string;
beforeAll(async () => {
  house = await testServer();
  folder = await mkdtemp(join(tmpdir(), 'portreeve-export-'));
  run = (await house.submit({ case_id: 'CASE-1' })).id;
  const shown = await house.approvalOf(run as never);
  const verdict = await house.verdict('lead', shown, 'approve');
  await (await house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
  await house.ended(run as never);
  vkey = (await (await house.as('auditor')).get('/v1/audit/checkpoint')).body.vkey;
});
afterAll(async () => {
  await house?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const auditor = () => house.as('auditor');

/** The files of an export as the API sends them: JSON Lines of pieces, and a last line that says that this was all. */
async function exported(query = ''): Promise<Map<string, string>> {
  const { status, headers, text } = await (await auditor()).get(`/v1/audit/export${query}`);
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/jsonl');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; text: string });
  expect(lines.pop()).toEqual({ end: true });
  const files = new Map<string, string>();
  for (const piece of lines) files.set(piece.file, (files.get(piece.file) ?? '') + piece.text);
  return files;
}

const verify = (files: Map<string, string>, entries = files.get('entries.jsonl')!) =>
  verifyExport({
    entries,
    checkpoint: files.get('checkpoint')!,
    vkey: files.get('log.vkey')!,
    expectedVkeys: [vkey],
  });

describe('G2: an export can be checked without the server', () => {
  test('the whole log: nothing was changed, and the approval was signed by the registered key', async () => {
    const files = await exported();
    expect([...files.keys()]).toEqual(['entries.jsonl', 'checkpoint', 'log.vkey', 'README.txt']);
    const result = await verify(files);
    expect(result).toMatchObject({ ok: true, complete: true, key_expected: true, payloads_missing: 0 });
    expect(result.verdicts).toBe(1);
    expect(result.verdicts_by_registered_key).toBe(1);
    expect(result.records).toBe(result.size);

    for (const [name, text] of files) await writeFile(join(folder, name), text);
    const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const status = await verifyFolder(folder, { json: true }).finally(() => print.mockRestore());
    expect(status).toBe(0);
  });

  test('one run alone: each record carries its own proof', async () => {
    const files = await exported(`?run=${run}`);
    const result = await verify(files);
    expect(result).toMatchObject({ ok: true, complete: false, verdicts: 1 });
    const types = files
      .get('entries.jsonl')!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(JSON.parse(line).entry).type);
    expect(types[0]).toBe('run.submitted');
    expect(types).toContain('execution.intent');
    expect(types.at(-1)).toBe('run.ended');
  });

  test('one byte more, one record less, two in another order: each is found', async () => {
    const files = await exported();
    const lines = files.get('entries.jsonl')!.trimEnd().split('\n');
    const at = lines.findIndex((line) => line.includes('\\"type\\":\\"approval.verdict\\"'));
    expect(at).toBeGreaterThan(0);
    const altered = {
      'another verdict': lines.with(at, lines[at]!.replace('"verdict":"approve"', '"verdict":"deny"')),
      'another entry': lines.with(at, lines[at]!.replace('\\"outcome\\":\\"approve\\"', '\\"outcome\\":\\"deny\\"')),
      'a record less': lines.toSpliced(at, 1),
      'another order': lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!),
      'the last one cut off': lines.slice(0, -1),
    };
    for (const [what, changed] of Object.entries(altered)) {
      expect(changed.join('\n'), what).not.toBe(lines.join('\n'));
      expect((await verify(files, `${changed.join('\n')}\n`)).ok, what).toBe(false);
    }
  });

  test('another key than the one known from elsewhere is no proof', async () => {
    const files = await exported();
    const [name, id, key] = vkey.split('+') as [string, string, string];
    const result = await verifyExport({
      entries: files.get('entries.jsonl')!,
      checkpoint: files.get('checkpoint')!,
      vkey: files.get('log.vkey')!,
      expectedVkeys: [`${name}+${id === '00000000' ? '00000001' : '00000000'}+${key}`],
    }).catch(() => ({ ok: false }));
    expect(result.ok).toBe(false);
  });
});

describe('G2: a receipt', () => {
  test('proves that one record stands in the log', async () => {
    const [record] = (await (await auditor()).get(`/v1/audit/records?run=${run}&type=execution.result`)).body.records;
    const { body } = await (await auditor()).get(`/v1/audit/proof/${record.entry.index}`);
    expect(await verifyReceipt(body.proof, body.entry, [vkey], body.payload)).toMatchObject({
      ok: true,
      index: record.entry.index,
    });
    expect(JSON.parse(body.entry)).toEqual(record.entry);
    expect(body.payload).toEqual(record.payload);
    const other = body.entry.replace('succeeded', 'failed');
    expect((await verifyReceipt(body.proof, other, [vkey])).ok).toBe(false);
    const payload = { ...body.payload, data: { ...body.payload.data, state: 'failed' } };
    expect((await verifyReceipt(body.proof, body.entry, [vkey], payload)).ok).toBe(false);
  });

  test('a record that does not exist has none', async () => {
    for (const path of ['/v1/audit/proof/999999', '/v1/audit/records/999999'])
      expect((await (await auditor()).get(path)).body.code).toBe('not_found');
  });
});

test('F5: the verdict on record verifies by itself', async () => {
  const [record] = (await (await auditor()).get(`/v1/audit/records?run=${run}&type=approval.verdict`)).body.records;
  const { verdict } = record.payload.data;
  expect(await verifyVerdict(verdict)).toBe(true);
  const statement = { ...verdict.statement, proposal_digest: `sha256:${'0'.repeat(64)}` };
  expect(await verifyVerdict({ ...verdict, statement })).toBe(false);
});

test('G4: the record is searched by what it is about, in pages that hold everything once', async () => {
  const search = async (query: string) => (await (await auditor()).get(`/v1/audit/records?${query}`)).body;
  const types = async (query: string) =>
    (await search(`${query}&limit=500`)).records.map((record: { entry: { type: string } }) => record.entry.type);
  expect(await types(`run=${run}&type=run.ended`)).toEqual(['run.ended']);
  expect(await types(`run=${run}&outcome=succeeded`)).toEqual(['execution.result']);
  expect(new Set(await types('tool=publish_note'))).toContain('grant.issued');
  expect(await types('words=%22A+note+on+CASE-1+was+asked+for%22&type=proposal.submitted')).toEqual([
    'proposal.submitted',
  ]);
  const whole = (await search(`run=${run}&order=oldest&limit=500`)).records;
  const paged: unknown[] = [];
  for (let after = ''; ; ) {
    const { records, next } = await search(`run=${run}&order=oldest&limit=4${after}`);
    paged.push(...records);
    if (next === null) break;
    after = `&after=${next}`;
  }
  expect(paged).toEqual(whole);
});

test('G2: the server’s own check agrees, and heads follow each other', async () => {
  const first = (await (await auditor()).get('/v1/audit/checkpoint')).body;
  const report = (await (await auditor()).post('/v1/audit/verify')).body;
  expect(report).toMatchObject({ ok: true, first_bad_index: null, problem: null });
  expect(report.size).toBeGreaterThanOrEqual(first.size);
  const second = (await (await auditor()).get('/v1/audit/checkpoint')).body;
  const rootOf = (note: string) => Buffer.from(note.split('\n')[2]!, 'base64');
  const proof = await house.server.services.audit.main.consistencyProof(first.size, second.size);
  const head = ({ size, checkpoint }: { size: number; checkpoint: string }) => ({ size, root: rootOf(checkpoint) });
  expect(verifyConsistency({ first: head(first), second: head(second), proof })).toBe(true);
  expect(
    verifyConsistency({ first: { ...head(first), root: rootOf(second.checkpoint) }, second: head(second), proof }),
  ).toBe(false);
});

test('a reader that leaves in the middle of an export disturbs nobody', async () => {
  const controller = new AbortController();
  const headers = { authorization: `Bearer ${(await auditor()).token}` };
  const response = await fetch(`${house.url}/v1/audit/export`, { headers, signal: controller.signal });
  await response.body!.getReader().read();
  controller.abort();
  expect((await verify(await exported())).ok).toBe(true);
});

test('F5: each verdict is named, with who signed what by which key, also by a passkey', async () => {
  const lead = await house.as('lead');
  const shown = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
  expect((await decideByPasskey(lead, shown, await withPasskey(house, lead), 'deny')).status).toBe(201);
  const files = await exported();
  const given = {
    entries: files.get('entries.jsonl')!,
    checkpoint: files.get('checkpoint')!,
    vkey: files.get('log.vkey')!,
  };
  const found = await verifyExport({ ...given, approvals: true });
  expect(found).toMatchObject({ ok: true, problem: null });
  const approver = lead.principal.id;
  expect(found.proved).toMatchObject([
    { approver, verdict: 'approve', by: 'key', registered: true },
    { approver, verdict: 'deny', by: 'passkey', proposal_digest: shown.digest, registered: true },
  ]);

  for (const [name, text] of files) await writeFile(join(folder, name), text);
  const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    expect(await verifyFolder(folder, { approvals: true })).toBe(0);
    expect(print.mock.calls.join('')).toContain(`${approver} signed “deny” over ${shown.digest} by their passkey`);
  } finally {
    print.mockRestore();
  }
  // Without the enrolment nobody can say whose passkey it was.
  const denied = await exported(`?approval=${shown.approval.id}`);
  const alone = {
    entries: denied.get('entries.jsonl')!,
    checkpoint: denied.get('checkpoint')!,
    vkey: denied.get('log.vkey')!,
  };
  expect(await verifyExport({ ...alone, approvals: true })).toMatchObject({ ok: false, kind: 'bad_verdict' });
});
