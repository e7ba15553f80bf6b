import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Digest,
  draft,
  type RecordData,
  type RecordDraft,
  type ReleaseReport,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { buildRelease, checkProject, releasePublicKey, sealReportFile } from '@portreeve/server';
import { approve, type TestServer, testServer } from '@portreeve/server/testing';
import { runWorkflowTests } from '@portreeve/server/workflow-tests';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ROOT } from '../repository.ts';
import { cli } from '../support/cli.ts';
import { type ListeningModel, startListeningModel } from '../support/listening-model.ts';
import type { Answer } from '../support/people.ts';
import { cleanUp, freePort, start, temporaryFolder } from '../support/processes.ts';

/*
 * The whole life of `examples/alert-triage` in one house: from an empty folder through check, tests, red team, approvals and
 * a pilot into production; a bad release that only its live thresholds catch, the way back, another model, and the evidence.
 */

// Releases are built, compared and loaded, and the red team has a house of its own, where other tests run beside it.
vi.setConfig({ testTimeout: 240_000 });

const WORKFLOW = 'alert-triage';
const EXAMPLE = join(ROOT, 'examples', WORKFLOW);
const READ_TOKEN = 'a-read-token-of-the-fleet';
/** Group and name of each owner. */
const OWNERS = { sam: 'security-operations', bea: 'incident-management' } as const;
/** The first release serves one analyst first. */
const ROLLOUT = `
  rollout: [
    { kind: 'users', users: ['analyst'], runs_max: 5, leave: { runs_min: 1, minutes_min: 0, failed_max: 0 } },
  ],`;
/** What is refused is judged of few runs here. */
const THRESHOLDS = `
  thresholds: { live_count_min: 3 },`;
/** What somebody left in a rule when they tried it: it knows the alerts of the tests, and refuses all others. */
const LEFT_IN = `
@id("alert-triage.tried-on")
@code("not_tried")
@reason("It is tried on two alerts.")
forbid (principal, action == Action::"act:set_alert_severity", resource)
unless { ["A-1001", "A-2001"].contains(context.args.alert) };
`;

interface Built {
  readonly project: string;
  readonly text: string;
  readonly release: Digest;
}

let folder: string;
let workshop: string;
let house: TestServer;
let model: ListeningModel;
let config: string;
let first: Built;
let bad: Built;

/** The project of the team: as `portreeve init` leaves it, with the workflow of the example in the place of the sample. */
async function firstProject(): Promise<string> {
  const project = join(folder, 'first');
  const made = await cli(['init', project, '--json']);
  expect(made, made.err).toMatchObject({ code: 0 });
  await rm(join(project, 'workflows'), { recursive: true });
  for (const part of ['workflows', 'fleet', 'policy-matrix.txt'])
    await cp(join(EXAMPLE, part), join(project, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'dir');
  await writeFile(join(project, 'portreeve.config.ts'), config);
  await changed(project, 'workflow.ts', (text) => text.replace("  tier: 'medium',", `$&${ROLLOUT}${THRESHOLDS}`));
  return project;
}

/** The next release: for everybody at once, and with a rule that was not tidied up. */
async function badProject(): Promise<string> {
  const project = join(folder, 'bad');
  await cp(first.project, project, { recursive: true });
  await changed(project, 'workflow.ts', (text) => text.replace(ROLLOUT, ''));
  await changed(project, 'policies/action.cedar', (text) => text + LEFT_IN);
  return project;
}

async function changed(project: string, path: string, change: (text: string) => string): Promise<void> {
  const file = join(project, 'workflows', WORKFLOW, path);
  await writeFile(file, change(await readFile(file, 'utf8')));
}

async function built(project: string): Promise<Built> {
  const { text, release } = await buildRelease(project, WORKFLOW, workshop);
  return { project, text, release: release as Digest };
}

/** Its tests and its red team as they come out, signed in the folder of who may sign. */
async function tested({ project, release }: Built): Promise<readonly [tests: ReleaseReport, redTeam: ReleaseReport]> {
  const [own] = await runWorkflowTests(project, { workflow: WORKFLOW, declaredOnly: true });
  // By the command: its house is in a process of its own, as this one has an engine already.
  const file = join(folder, 'attacked.json');
  const options = ['--pack', `${WORKFLOW}-own`, '--seed', '20261121', '--budget', '3', '--report', file];
  const attacked = await cli(['redteam', WORKFLOW, '--project', project, ...options]);
  expect(attacked, attacked.err + attacked.out).toMatchObject({ code: 0 });
  const reports = [own!.report, JSON.parse(await readFile(file, 'utf8')) as ReleaseReport] as const;
  expect(reports.map((report) => report.release)).toEqual([release, release]);
  return reports;
}

const post = async (name: string, path: string, body: object): Promise<Answer> =>
  (await (await house.as(name)).post(path, body)).body;
const shown = async (release: string): Promise<Answer> =>
  (await (await house.as('operator')).get(`/v1/releases/${release}`)).body;
const run = (alert: string) => post('analyst', '/v1/runs', { workflow: WORKFLOW, input: { alert } });

/** Brings a release with its reports into the register, as far as testing. */
async function added(release: Built, reports: readonly ReleaseReport[]): Promise<void> {
  expect(await post('operator', '/v1/releases', { bundle: release.text })).toMatchObject({ origin: 'bundle' });
  await post('operator', `/v1/releases/${release.release}/events`, { event: 'test', reason: 'ready to be tried' });
  for (const report of reports) {
    const file = join(folder, `${report.kind}.json`);
    await writeFile(file, JSON.stringify(report));
    const { text } = await sealReportFile(file, workshop);
    const { evidence, code } = await post('operator', `/v1/releases/${release.release}/evidence`, { report: text });
    expect(evidence, code).toMatch(/^sha256:/);
  }
}

/** Asks that a release go on, has its owners agree, and waits until it is there. */
async function goesOn(release: string, owners: readonly string[], state: string): Promise<void> {
  const asked = await post('operator', `/v1/releases/${release}/promotions`, { reason: 'it is tested' });
  expect(asked, JSON.stringify(asked)).toMatchObject({ status: 'waiting' });
  for (const owner of owners) expect((await approve(house, asked.approval, owner)).status).toBe(201);
  const at = async () => {
    await house.server.services.desk.settleDue();
    return (await shown(release)).state;
  };
  await expect.poll(at, { timeout: 120_000, interval: 50 }).toBe(state);
}

/** A grave alert, whose host is isolated once the lead agrees. */
async function isolated(): Promise<Answer> {
  const begun = await run('A-1001');
  expect(begun.id, JSON.stringify(begun)).toMatch(/^run_/);
  const asked = await house.approvalOf(begun.id);
  const verdict = await house.verdict('lead', asked, 'approve');
  await (await house.as('lead')).post(`/v1/approvals/${asked.approval.id}/verdicts`, verdict);
  return house.ended(begun.id);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  workshop = join(folder, 'workshop');
  model = await startListeningModel('extractive');
  const fleetPort = await freePort();
  const clearance = { confidentiality: 'confidential', categories: ['personal'] };
  const endpoint = { name: 'claude', kind: 'anthropic', model: model.model, base_url: model.url };
  config = `export default ${JSON.stringify({
    ...{ environment: 'test', workflows: [`workflows/${WORKFLOW}`] },
    models: [{ ...endpoint, secret: 'anthropic-api-key', where: 'public-cloud', clearance }],
    systems: { fleet: { url: `http://127.0.0.1:${fleetPort}`, private: true } },
    releases: { active: 'promoted', keys: [await releasePublicKey(workshop)] },
  })};\n`;
  first = await built(await firstProject());
  house = await testServer({
    project: first.project,
    secrets: { 'fleet-read-token': READ_TOKEN },
    modelKeys: { 'anthropic-api-key': 'sk-ant-a-key-that-only-this-test-knows' },
  });
  const data = join(folder, 'fleet');
  await mkdir(data);
  await writeFile(join(data, 'read-token'), READ_TOKEN, { mode: 0o600 });
  const fleet = start(
    process.execPath,
    [
      ...[join(EXAMPLE, 'fleet/server.ts'), '--port', String(fleetPort), '--data', data],
      ...['--issuer', 'urn:portreeve:test', '--jwks', `${house.url}/.well-known/jwks.json`],
      ...['--read-token-file', join(data, 'read-token')],
    ],
    { keepInput: true },
  );
  await fleet.printed(/"listening"/);
  for (const [name, group] of Object.entries(OWNERS)) await house.addAccount(name, ['approver'], [group]);
}, 300_000);
afterAll(async () => {
  await house?.close();
  await model?.close();
  await cleanUp();
}, 60_000);

test('H5 C8: the project checks, and nothing runs before a release is in production', async () => {
  const { checks } = await checkProject(first.project);
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(await run('A-1001')).toMatchObject({ code: 'no_release' });
});

test('H1 H3: tested, attacked and approved by its owners, it serves one analyst first, and then everybody', async () => {
  const reports = await tested(first);
  expect(reports.map(({ ok }) => ok)).toEqual([true, true]);
  expect(reports[1].figures).toMatchObject({ attempts: 3, unattended_harm: 0, canary_leaks: 0 });
  await added(first, reports);
  await goesOn(first.release, ['sam'], 'staging');
  await goesOn(first.release, ['sam', 'bea'], 'pilot');
  expect(await shown(first.release)).toMatchObject({ pilot: { step: 1, steps: 1, kind: 'users', taken: 0 } });
  const early = await post('operator', `/v1/releases/${first.release}/promotions`, { reason: 'now' });
  expect(early).toMatchObject({ code: 'release_not_ready', errors: [{ path: 'rollout.leave.runs_min' }] });
  expect(await isolated()).toMatchObject({ release: first.release, state: 'completed', result: { isolated: true } });
  await goesOn(first.release, ['bea', 'sam'], 'production');

  // What is attached to exactly the release that runs is what readiness looks at.
  const { body } = await (await house.as('auditor')).get(`/v1/workflows/${WORKFLOW}/readiness`);
  expect(body).toMatchObject({ release: first.release, environment: 'test' });
  const evidenced = body.items.filter(({ id }: Answer) => ['tests', 'red-team', 'thresholds'].includes(id));
  expect(evidenced.map(({ state }: Answer) => state)).toEqual(['pass', 'pass', 'pass']);
});

test('H4: a bad release that its tests do not see is caught by a live threshold, and taken back', async () => {
  bad = await built(await badProject());
  const reports = await tested(bad);
  expect(reports.map(({ ok }) => ok)).toEqual([true, true]);
  await added(bad, reports);
  await goesOn(bad.release, ['sam'], 'staging');
  // It names no rollout, so it takes that of the release before: the one alert that is tried goes well.
  await goesOn(bad.release, ['sam', 'bea'], 'pilot');
  expect(await isolated()).toMatchObject({ release: bad.release, state: 'completed', result: { isolated: true } });
  await goesOn(bad.release, ['sam', 'bea'], 'production');

  const { audit, environment, thresholds } = house.server.services;
  const refused = async () => {
    const { records } = await audit.search({ type: 'decision.made', workflow: WORKFLOW, limit: 200 });
    return records.filter(({ entry }) => entry.refs.release === bad.release && entry.outcome === 'refuse').length;
  };
  for (const alert of ['A-1002', 'A-1003', 'A-2002', 'A-1002'])
    expect(await run(alert)).toMatchObject({ release: bad.release });
  await expect.poll(refused, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(3);
  await thresholds.look();
  expect(environment.facts().freezes).toEqual([`workflow:${WORKFLOW}`]);
  const [suspended] = (await audit.search({ type: 'workflow.suspended', limit: 1 })).records;
  expect(suspended).toMatchObject({ entry: { refs: { workflow: WORKFLOW, release: bad.release } } });

  const back = await post('operator', `/v1/workflows/${WORKFLOW}/rollbacks`, { reason: 'it refuses nearly all' });
  expect(back, JSON.stringify(back)).toMatchObject({ status: 'succeeded', release: first.release });
  expect((await shown(bad.release)).state).toBe('retired');
  const thaw = { target: `workflow:${WORKFLOW}`, stage: 'lifted', reason: 'the release before is back' };
  await post('operator', '/v1/environment/thaws', thaw);
  expect(await isolated()).toMatchObject({ release: first.release, state: 'completed' });
});

test('H6: another model behind the same name is seen by what it answers, and named', async () => {
  const { audit, drift } = house.server.services;
  const [real] = (await audit.search({ type: 'model.answered', workflow: WORKFLOW, limit: 1 })).records;
  const said = real!.payload!.data as RecordData<'model.answered'>;
  const refs = { ...real!.entry.refs } as NonNullable<RecordDraft<'model.answered'>['refs']>;
  // A history that no test can wait for: answers like the real one, then those of a model that refuses more.
  const answers = (model_answered: string, count: number, refusing: number) =>
    Array.from({ length: count }, (_, n) =>
      draft<'model.answered'>({
        ...{ type: 'model.answered', actor: SYSTEM_ACTOR, refs },
        data: { ...said, model_answered, output_category: n % 10 < refusing ? 'refusal' : said.output_category },
      }),
    );
  const history = [...answers(said.model_answered, 200, 0), ...answers('another-model-2', 60, 6)];
  await audit.record(history as RecordDraft[]);
  await drift.look();
  const { body } = await (await house.as('auditor')).get('/v1/audit/records?type=drift.alarm');
  expect(body.records.map(({ payload }: Answer) => payload.data)).toContainEqual(
    expect.objectContaining({
      ...{ metric: 'answer', step: said.prompt, by: 'change' },
      nearest: expect.objectContaining({ kind: 'model', to: `${said.provider}/another-model-2` }),
    }),
  );
});

test('H8 G3: the evidence answers from this life, with records whose proofs hold', async () => {
  const auditor = await house.as('auditor');
  const { body } = await auditor.get('/v1/evidence/nist-800-53');
  const facts = new Map<string, Answer>(
    body.controls.flatMap(({ answers }: Answer) => answers.map((answer: Answer) => [answer.fact, answer])),
  );
  for (const name of [
    'releases-signed',
    'releases-tested',
    'promotions-approved',
    'releases-rolled-back',
    'drift-alarms',
  ]) {
    expect(facts.get(name), name).toMatchObject({
      state: 'shown',
      records: expect.arrayContaining([expect.any(String)]),
    });
    for (const place of facts.get(name)!.records)
      expect(body.proofs.map((proof: Answer) => proof.place)).toContain(place);
  }
  // Two releases were staged, tried by one analyst, and promoted.
  expect(facts.get('releases-tested')!.figures).toEqual({ looked_at: 6, hold: 6 });
  expect(facts.get('promotions-approved')!.figures).toEqual({ looked_at: 6, hold: 6 });
  expect((await auditor.post('/v1/audit/verify')).body).toMatchObject({ ok: true });
});
