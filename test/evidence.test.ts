import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf, evidenceReportSchema, FRAMEWORKS, type JsonObject } from '@portreeve/contract';
import { type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { verifyEvidence } from '@portreeve/verify/log';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let house: TestServer;
let auditor: SignedInClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-evidence-'));
  house = await testServer();
  auditor = await house.as('auditor');
  const { id } = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(id);
  const lead = await house.as('lead');
  const verdict = await house.verdict('lead', shown, 'approve');
  expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).status).toBe(201);
  await house.ended(id);
  expect((await auditor.post('/v1/audit/verify', {})).body.ok).toBe(true);
});
afterAll(async () => {
  await house?.close();
  await rm(folder, { recursive: true, force: true });
});

const reportOf = async (framework: string, query = '') =>
  evidenceReportSchema.parse((await auditor.get(`/v1/evidence/${framework}${query}`)).body);

describe('H8: evidence of a house that has worked', () => {
  test.each(FRAMEWORKS)(
    'H8: a report for %s has an answer to every control, and proofs that hold without the server',
    async (framework) => {
      const report = await reportOf(framework);
      const places = new Set(report.controls.flatMap(({ answers }) => answers.flatMap(({ records }) => records)));
      expect([...places].sort()).toEqual(report.proofs.map(({ place }) => place).sort());
      expect(report.controls.some(({ state }) => state === 'contrary')).toBe(false);
      const { log } = house.server.services.audit.named('main');
      expect(await verifyEvidence(report, [log.vkey])).toMatchObject({ ok: true, proofs: places.size });
    },
  );

  test('H8: what happened is shown, with figures and records, and what did not happen is a gap in words', async () => {
    const { controls } = await reportOf('nist-800-53');
    const facts = new Map(controls.flatMap(({ answers }) => answers.map((answer) => [answer.fact, answer])));
    for (const fact of ['approvals-by-others', 'grants-once', 'intent-before-effect', 'log-verified', 'runs-ended'])
      expect(facts.get(fact), fact).toMatchObject({ state: 'shown', records: [expect.anything()] });
    expect(facts.get('approvals-by-others')).toMatchObject({ figures: { looked_at: 1, hold: 1 } });
    expect(facts.get('backups-made')).toMatchObject({ state: 'gap', text: expect.stringContaining('No backup') });
    expect(controls.find(({ id }) => id === 'SC-8')).toMatchObject({
      state: 'gap',
      answers: [],
      beyond: expect.anything(),
    });
  });

  test('H8 G1: that a report was made is on record by its digest, and who may not have one is refused', async () => {
    const report = await reportOf('soc-2');
    const { records } = (await auditor.get('/v1/audit/records?type=evidence.reported&limit=1')).body;
    expect(records[0]).toMatchObject({
      entry: { outcome: 'soc-2', actor: { id: auditor.principal.id } },
      payload: { data: { framework: 'soc-2', ...{ from: report.span.from, to: report.span.to } } },
    });
    expect(records[0].payload.data.report).toBe(digestOf(report as unknown as JsonObject));
    for (const name of ['analyst', 'lead', 'operator', 'admin'])
      expect((await (await house.as(name)).get('/v1/evidence/soc-2')).status).toBe(403);
  });

  test('H8: a span without records is all gaps, and one that ends before it begins is refused', async () => {
    const empty = await reportOf('owasp-agentic', '?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z');
    expect(new Set(empty.controls.map(({ state }) => state))).toEqual(new Set(['gap']));
    expect(empty).toMatchObject({ proofs: [], logs: [] });
    expect(
      (await auditor.get('/v1/evidence/soc-2?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z')).body,
    ).toMatchObject({
      code: 'bad_request',
    });
    expect((await auditor.get('/v1/evidence/pci-dss')).body).toMatchObject({ code: 'bad_request' });
  });
});

describe('H8 G2: a report that was changed does not pass', () => {
  test('H8 G2: a record, a proof, a checkpoint, a key or an answer that was changed is found', async () => {
    const report = await reportOf('owasp-agentic');
    const [first] = report.proofs;
    const [log] = report.logs;
    const changed = (change: object) => verifyEvidence({ ...report, ...change });
    const entry = { ...first!, entry: first!.entry.replace(/"outcome":"[^"]*"/, '"outcome":"other"') };
    const rest = report.proofs.slice(1);
    expect(await changed({})).toMatchObject({ ok: true });
    expect(await changed({ proofs: [entry, ...rest] })).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/does not stand in/),
    });
    expect(await changed({ proofs: rest })).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/has no proof/),
    });
    expect(await changed({ proofs: [{ ...first!, place: '0' }, ...rest] })).toMatchObject({ ok: false });
    expect(await changed({ logs: [] })).toMatchObject({ ok: false, problem: expect.stringMatching(/does not name/) });
    expect(await changed({ logs: [{ ...log!, checkpoint: `${log!.checkpoint}x` }] })).toMatchObject({ ok: false });
    expect(await changed({ format: 'other' })).toMatchObject({ ok: false });
    const controls = [{ id: 'X', answers: [{ fact: 'made-up', state: 'shown', records: [] }] }];
    expect(await changed({ controls })).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/shown by no record/),
    });
    const stranger = 'other.example/log+e1b0a1c3+AXxVYvAqEvJTtUyCiOi5mN4jzoDd1g8BXNvGoyqKBCrm';
    expect(await verifyEvidence(report, [stranger]).catch((error: Error) => error.name)).not.toMatchObject({
      ok: true,
    });
  });

  test('H8 G2: portreeve-verify checks the file, and says by its exit status what it found', async () => {
    const report = await reportOf('soc-2');
    const [good, bad] = [join(folder, 'good.json'), join(folder, 'bad.json')];
    await writeFile(good, JSON.stringify(report));
    await writeFile(bad, JSON.stringify({ ...report, proofs: report.proofs.slice(1) }));
    expect(await checked(good)).toMatchObject({ code: 0, out: expect.stringContaining('OK: every record') });
    expect(await checked(bad)).toMatchObject({ code: 1, out: expect.stringContaining('NOT OK') });
    expect(await checked(join(folder, 'none.json'))).toMatchObject({ code: 2 });
    expect(JSON.parse((await checked(good, '--json')).out)).toMatchObject({ ok: true, proofs: report.proofs.length });
  });
});

const VERIFY = fileURLToPath(import.meta.resolve('@portreeve/verify')).replace(/index\.ts$/, 'main.ts');

function checked(...words: string[]): Promise<{ code: number; out: string }> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [VERIFY, 'evidence', ...words], (_error, out) =>
      done({ code: child.exitCode ?? -1, out }),
    );
  });
}
