import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DownstreamCall, DownstreamReply } from './testing/downstream.ts';
import { type Fault, type FaultyPostgres, faultyPostgres } from './testing/faulty-postgres.ts';
import { PROJECT, type SignedInClient, type TestServer, testServer } from './testing/server.ts';
import { temporaryProject, workflowText } from './testing/temporary-project.ts';

/*
 * Real faults of a real database under a real server: it stops, says so, loses nothing, and goes on by itself. Every
 * workflow here looks the owner of a case up twice, which needs no person; the first look-up is under way when the fault
 * comes, and the second must wait until it is over.
 */

const TWICE = `async run({ input, act }) {
  const first = await act('look_up_owner', { case_id: input.case_id }, { rationale: 'It was asked for.' });
  const second = await act('look_up_owner', { case_id: input.case_id }, { rationale: 'It was asked for again.' });
  return { first: first.status, second: second.status };
}`;
// A call is kept for longer than it takes until the record is closed.
const PATIENT = 'tools: tools.map((tool) => ({ ...tool, timeout_ms: 60_000 }))';
const WORKFLOWS = {
  'medium-risk': "tier: 'medium'",
  'low-risk': "tier: 'low'",
  'low-risk-continues': "tier: 'low', while_unplaced: 'continue'",
};

let postgres: FaultyPostgres;
let house: TestServer;
let project: string;
let analyst: SignedInClient;
const own = process.env.PORTREEVE_TEST_DATABASE_URL;

beforeAll(async () => {
  postgres = await faultyPostgres();
  // The databases of this file are on the server that is broken, and not on that of the other tests.
  process.env.PORTREEVE_TEST_DATABASE_URL = postgres.url;
  const prompt = await readFile(join(PROJECT, 'workflows/case-note/prompts/write-note.md'), 'utf8');
  const names = Object.entries(WORKFLOWS);
  project = await temporaryProject({
    'portreeve.config.ts': `export default ${JSON.stringify({
      environment: 'test',
      log_origin: 'portreeve.test/audit',
      workflows: names.map(([name]) => `workflows/${name}`),
    })};\n`,
    'cases/CASE-1.jsonl': await readFile(join(PROJECT, 'cases/CASE-1.jsonl'), 'utf8'),
    ...Object.fromEntries(
      names.flatMap(([name, changes]) => [
        [
          `workflows/${name}/workflow.ts`,
          workflowText(`{ contract: { ...contract, name: '${name}', ${changes} }, ${PATIENT}, ${TWICE} }`),
        ],
        [`workflows/${name}/prompts/write-note.md`, prompt],
      ]),
    ),
  });
  house = await testServer({ project });
  analyst = await house.as('analyst');
  await house.as('lead');
  await house.as('auditor');
});
afterAll(async () => {
  process.env.PORTREEVE_TEST_DATABASE_URL = own;
  await house?.close();
  await postgres?.close();
  if (project) await rm(project, { recursive: true });
});

const submit = (workflow: keyof typeof WORKFLOWS, case_id = 'CASE-1') =>
  analyst.post<Run>('/v1/runs', { workflow, input: { case_id } });

let cases = 1;
/** A case that nobody else asks about. */
const newCase = () => `CASE-${++cases}`;
const callsFor = (case_id: string): readonly DownstreamCall[] =>
  house.downstream.calls.filter(({ path }) => path === `/cases/${case_id}/owner`);
const answer: DownstreamReply = (_, response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"owner":"team-a"}');

/** The downstream keeps each call until it is let go. */
function holdCalls() {
  const kept: (() => void)[] = [];
  house.downstream.replyWith((call, response) => kept.push(() => answer(call, response)));
  return {
    letGo() {
      house.downstream.replyWith(answer);
      for (const go of kept.splice(0)) go();
    },
  };
}

const arrived = (case_id: string, count: number) =>
  vi.waitFor(() => expect(callsFor(case_id)).toHaveLength(count), { timeout: 60_000, interval: 20 });

/** What everybody hears who asks for something that has to be recorded. */
async function expectClosed(): Promise<void> {
  const answers = await Promise.all([
    submit('medium-risk'),
    submit('low-risk'),
    analyst.get('/v1/runs'),
    house.anonymous.post('/v1/sessions', { name: 'analyst', password: 'a guess' }),
  ]);
  for (const { status, headers, body } of answers) {
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'audit_unavailable' } });
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((body as { next: string }).next).toContain('work continues by itself');
    expect(JSON.stringify(body)).not.toMatch(/postgres|SQL|relation|127\.0\.0\.1/i);
  }
}

/** The run ends well by itself, and every call that was made is on record before it. */
async function expectWhole(run: Run, case_id: string): Promise<void> {
  const ended = await vi.waitFor(
    async () => {
      const { status, body } = await analyst.get<Run>(`/v1/runs/${run.id}`);
      expect({ status, state: body.state }).toEqual({ status: 200, state: 'completed' });
      return body;
    },
    { timeout: 60_000, interval: 100 },
  );
  expect(ended.result).toEqual({ first: 'succeeded', second: 'succeeded' });
  expect(callsFor(case_id)).toHaveLength(2);
  const auditor = await house.as('auditor');
  for (const type of ['execution.intent', 'execution.result']) {
    const { body } = await auditor.get<{ records: unknown[] }>(`/v1/audit/records?run=${run.id}&type=${type}`);
    expect(body.records, type).toHaveLength(2);
  }
  expect((await auditor.post('/v1/audit/verify')).body).toMatchObject({ ok: true, problem: null });
}

/** A run with one call under way; the fault; nothing acts and nothing is said but no; its end; the run goes on. */
async function drill(fault: Fault): Promise<void> {
  const held = holdCalls();
  const asked = newCase();
  const { status, body: run } = await submit('medium-risk', asked);
  expect(status).toBe(201);
  await arrived(asked, 1);
  await fault.begin();
  try {
    held.letGo();
    const begun = performance.now();
    // What fails at once is asked often, what fails after its time once: either is longer than the run would need.
    for (let round = 0; round < 20 && performance.now() - begun < 1000; round++) await expectClosed();
    expect(callsFor(asked), 'nothing acted').toHaveLength(1);
  } finally {
    await fault.end();
  }
  await expectWhole(run, asked);
}

describe('G3 INV3: while the record cannot be made durable, nothing acts, and all goes on by itself', () => {
  test('read-only', { timeout: 120_000 }, async () => {
    await drill(postgres.faults.readOnly);
    await postgres.faults.readOnly.begin();
    const ready = () => house.anonymous.get('/readyz');
    await vi.waitFor(async () => expect(await ready()).toMatchObject({ status: 503, body: { code: 'unavailable' } }));
    await postgres.faults.readOnly.end();
    await vi.waitFor(async () => expect((await ready()).status).toBe(200));
  });

  test('slow: whatever is written waits', { timeout: 120_000 }, () =>
    drill(postgres.faults.held(house.databaseUrl, 'audit_pending, audit_records')),
  );

  test('silent: it stands still', { timeout: 120_000 }, () => drill(postgres.faults.frozen));

  test('gone: killed', { timeout: 120_000 }, () => drill(postgres.faults.gone));

  test('full: not a byte is left on its disk', { timeout: 120_000 }, async ({ skip }) => {
    if (postgres.unfillable !== null) skip(`SKIPPED: ${postgres.unfillable}`);
    house.downstream.replyWith(answer);
    const admitted: { readonly run: Run; readonly asked: string }[] = [];
    await postgres.faults.full.begin();
    try {
      // The last pages of the tables take some more; what is admitted into them is on record.
      for (let refusals = 0; refusals < 5; ) {
        const asked = newCase();
        const { status, body } = await submit('medium-risk', asked);
        if (status === 201) admitted.push({ run: body, asked });
        else {
          expect({ status, body }).toMatchObject({ status: 503, body: { code: 'audit_unavailable' } });
          expect(callsFor(asked)).toEqual([]);
          refusals++;
        }
      }
    } finally {
      await postgres.faults.full.end();
    }
    await vi.waitFor(async () => expect((await submit('medium-risk')).status).toBe(201), {
      timeout: 30_000,
      interval: 250,
    });
    for (const { run, asked } of admitted.slice(-5)) await expectWhole(run, asked);
  });
});

describe('G3: while records are durable and get no place in the log', () => {
  test('all stops but low-risk work whose workflow says that it goes on, with tier 1 alone', {
    timeout: 120_000,
  }, async () => {
    const fault = postgres.faults.held(house.databaseUrl, 'audit_records');
    const held = holdCalls();
    const cases = { 'medium-risk': newCase(), 'low-risk': newCase(), 'low-risk-continues': newCase() };
    const runs: { readonly run: Run; readonly asked: string }[] = [];
    for (const name of ['medium-risk', 'low-risk'] as const) {
      runs.push({ run: (await submit(name, cases[name])).body, asked: cases[name] });
      await arrived(cases[name], 1);
    }
    await fault.begin();
    try {
      const { status, body } = await submit('low-risk-continues', cases['low-risk-continues']);
      expect(status).toBe(201);
      runs.push({ run: body, asked: cases['low-risk-continues'] });
      await vi.waitFor(async () => expect((await submit('medium-risk')).status).toBe(503), {
        timeout: 20_000,
        interval: 250,
      });
      held.letGo();
      await expectClosed();
      expect((await submit('low-risk-continues')).status).toBe(201);
      await arrived(cases['low-risk-continues'], 2);
      for (const name of ['medium-risk', 'low-risk'] as const) expect(callsFor(cases[name]), name).toHaveLength(1);
    } finally {
      await fault.end();
    }
    for (const { run, asked } of runs) await expectWhole(run, asked);
  });
});
