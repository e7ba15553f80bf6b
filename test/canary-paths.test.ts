import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replayPage } from '@portreeve/cli/replay-page';
import type { RunId } from '@portreeve/contract';
import { caseNoteProject, type TestServer, testServer, withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Built here, so that no text of this file is itself a credential. Each is found by a detector of its own. */
const CANARIES = {
  github: `ghp_${'c4N4rY'.repeat(6)}`,
  aws: `AKIA${'IOSFODNN7CANARY2'}`,
  password: 'canary-pa55w0rd',
  bearer: `bearer.${'c4N4'.repeat(6)}`,
  email: 'canary@mail.example.org',
  card: '4242 4242 4242 4242',
  iban: 'DE89 3704 0044 0532 0130 00',
};
const FREE = `${CANARIES.github}, ${CANARIES.aws}; password=${CANARIES.password} Authorization: Bearer ${CANARIES.bearer} to <${CANARIES.email}>, ${CANARIES.card}, ${CANARIES.iban}.`;
const held = (text: string) =>
  Object.entries(CANARIES).flatMap(([name, value]) => (text.includes(value) ? [name] : []));

const FORMATS = ['jsonl', 'ocsf', 'otlp', 'cloudevents'] as const;

describe('G5: canaries that were planted wherever text comes in leave by no path', () => {
  let house: TestServer;
  let project: string;
  let out: string;
  let run: RunId;
  /** Answers to bad requests and refusals. */
  const problems: string[] = [];
  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'portreeve-canary-'));
    const streams = FORMATS.map((format) => ({ name: format, format, to: { kind: 'file', path: join(out, format) } }));
    project = await caseNoteProject({ credential: 'downstream-token', config: { audit: { streams } } });
    const event = { at: '2026-03-02T10:00:00Z', message: `mallory wrote ${FREE}` };
    await writeFile(join(project, 'cases/CASE-9.jsonl'), `${JSON.stringify(event)}\n`);
    house = await testServer({ project, secrets: { 'downstream-token': 'no-canary' } });
    house.downstream.replyWith(({ method }, response) => {
      response.writeHead(method === 'POST' ? 201 : 500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ revision: 1, detail: FREE, [CANARIES.email]: { password: CANARIES.password } }));
    });
    run = await plant();
  }, 120_000);
  afterAll(async () => {
    await house?.close();
    await Promise.all([project, out].map((folder) => folder && rm(folder, { recursive: true, force: true })));
  });

  /** Puts them into tasks, evidence, answers of tools, verdicts, reasons, searches, names, bad bodies and failed sign-ins. */
  async function plant(): Promise<RunId> {
    const [lead, operator, auditor, analyst] = await Promise.all(
      ['lead', 'operator', 'auditor', 'analyst'].map((name) => house.as(name)),
    );
    const { id } = await house.submit({ case_id: 'CASE-9', remark: FREE });
    const shown = await house.approvalOf(id);
    const verdict = await house.verdict('lead', shown, 'approve');
    await lead!.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
    await house.ended(id);
    // A tool that fails with them in its answer.
    await house.ended((await house.submit({ case_id: 'CASE-9', publish: false, remark: FREE })).id);
    await operator!.post('/v1/audit/holds', { kind: 'workflow', target: 'none', reason: FREE });
    await auditor!.get(`/v1/audit/records?words=${encodeURIComponent(CANARIES.email)}`);
    const words = encodeURIComponent(FREE);
    for (const answer of [
      await house.anonymous.post('/v1/sessions', { name: CANARIES.email, password: CANARIES.password }),
      await analyst!.post('/v1/runs', { workflow: 'case-note', input: { case_id: FREE } }),
      await analyst!.post('/v1/runs', { workflow: 'case-note', input: { case_id: 'CASE-1', [CANARIES.email]: FREE } }),
      await analyst!.post('/v1/runs', { workflow: CANARIES.github, input: {} }),
      await analyst!.get(`/v1/audit/records?words=${words}`),
      await auditor!.get(`/v1/audit/records?type=${words}`),
      await auditor!.get(`/v1/audit/records/${words}`),
      await auditor!.get(`/v1/runs/${words}`),
      await auditor!.post('/v1/audit/reveals', { mark: FREE, reason: FREE }),
      await house.anonymous.get(`/v1/runs/${words}?token=${words}`),
    ])
      problems.push(answer.text);
    await house.server.services.audit.settle();
    return id;
  }

  const auditor = () => house.as('auditor');

  test('they are recognised where they are, and this test would see them', () => {
    expect(held(FREE)).toEqual(Object.keys(CANARIES));
    expect(house.downstream.calls.some(({ body }) => held(JSON.stringify(body)).length > 0)).toBe(true);
  });

  test('payloads, opened', async () => {
    const { text, status } = await (await auditor()).get('/v1/audit/records?limit=500');
    expect(status).toBe(200);
    for (const type of ['email', 'card', 'iban', 'github-token', 'aws-key', 'password', 'authorization'])
      expect(text).toContain(`:${type}:`);
    expect(held(text)).toEqual([]);
  });

  test('tables of the record: entries, columns of searches, what waits for its place', async () => {
    const rows = await withClient(house.databaseUrl, async (client) => {
      const names = await client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ '^(audit_|reveals|erasures|legal_holds)'`,
      );
      const texts: string[] = [];
      for (const { name } of names.rows)
        texts.push(
          ...(await client.query(`SELECT row_to_json(t)::text AS row FROM ${name} t`)).rows.map(({ row }) => row),
        );
      return texts;
    });
    expect(rows.length).toBeGreaterThan(50);
    expect(held(rows.join('\n'))).toEqual([]);
  });

  test('log files', async () => {
    const text = await readFile(join(house.stateFolder, 'server.log'), 'utf8');
    expect(text).toContain('Server listening');
    expect(held(text)).toEqual([]);
  });

  test('error messages', () => {
    expect(problems).toHaveLength(10);
    for (const problem of problems) expect([problem.slice(0, 200), held(problem)]).toEqual([problem.slice(0, 200), []]);
  });

  test.each(FORMATS)(
    'the stream as %s',
    async (format) => {
      const { audit } = house.server.services;
      const head = (await audit.main.size()) - 1;
      const text = await expect
        .poll(async () => (await readFile(join(out, format), 'utf8').catch(() => '')).trimEnd(), { timeout: 20_000 })
        .toSatisfy((read: string) => read.split('\n').length > head)
        .then(() => readFile(join(out, format), 'utf8'));
      expect(text).toContain('personal:email:');
      expect(held(text)).toEqual([]);
    },
    30_000,
  );

  test('the export', async () => {
    const { text } = await (await auditor()).get('/v1/audit/export');
    expect(text).toContain('personal:email:');
    expect(held(text)).toEqual([]);
  });

  test('the replay of a run, as JSON and as a page', async () => {
    const { body, text } = await (await auditor()).get(`/v1/audit/replay/${run}`);
    expect(text).toContain('personal:email:');
    expect(held(text)).toEqual([]);
    expect(held(replayPage(body))).toEqual([]);
  });

  test('receipts', async () => {
    const { records } = await house.server.services.audit.search({ run, type: 'run.submitted' });
    const { text } = await (await auditor()).get(`/v1/audit/proof/${records[0]!.entry.index}`);
    expect(text).toContain('personal:email:');
    expect(held(text)).toEqual([]);
  });

  test('reports of a crash', () => {
    // What this test itself holds is in the heap, which a report does not show: its environment, stacks and handles are.
    expect(held(JSON.stringify(process.report.getReport()))).toEqual([]);
  });

  test('the state folder', async () => {
    const files = (await readdir(house.stateFolder, { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    );
    for (const { parentPath, name } of files)
      expect([name, held(await readFile(join(parentPath, name), 'latin1'))]).toEqual([name, []]);
  });
});
