import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf, type ReleaseReport } from '@portreeve/contract';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadProject } from '../config/project.ts';
import { plainKeystore } from '../config/secrets.ts';
import { releaseShop } from '../testing/releases.ts';
import { PROJECT, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';
import { temporaryProject, workflowText } from '../testing/temporary-project.ts';

/** What the test workflow lacks to be ready, besides reports. */
const DECLARED = `{
  contract: {
    ...contract,
    owners: { security: 'sec@corp.test', platform: 'ops@corp.test', business: 'notes@corp.test', escalation: 'duty@corp.test' },
    on_outage: { do: 'hand_off' },
    procedures: { default: { title: 'By hand', steps: ['Look whether it is there.'], due_minutes: 60 } },
    boundaries: {
      repositories: [], logs: [], production_logs: false, secrets: 'redact',
      identifiers: { customer: 'never', personal: 'pseudonyms' },
      kept: { models: ['public-cloud'], days: 30 },
    },
    regulation: [{ framework: 'SOC 2', article: 'CC6.3', met: 'Somebody else approves.' }],
  },
}`;
const USE = '## Approved\n- Notes.\n## Not approved\n- Judging.\n## Exceptions\nNone.\n## Report\n- sec@corp.test\n';

async function project(declared: string, keys: readonly string[] = []): Promise<string> {
  const prompt = await readFile(join(PROJECT, 'workflows/case-note/prompts/write-note.md'), 'utf8');
  const config = {
    ...{ environment: 'production', log_origin: 'corp.test/audit', workflows: ['workflows/case-note'] },
    identity: { local_accounts: 'allow' },
    // What is looked at is the folder itself, and no release that somebody has promoted.
    releases: { active: 'folder', keys },
    systems: { downstream: { url: 'http://127.0.0.1:9', private: true } },
  };
  return temporaryProject({
    'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
    'workflows/case-note/workflow.ts': workflowText(declared),
    'workflows/case-note/prompts/write-note.md': prompt,
    'workflows/case-note/ACCEPTABLE_USE.md': USE,
    'workflows/case-note/tests/decisions.yaml':
      'cases: [{ name: notes, request: { tool: { name: publish_note } }, outcome: approve }]\n',
    'cases/CASE-1.jsonl': await readFile(join(PROJECT, 'cases/CASE-1.jsonl'), 'utf8'),
  });
}

const FIGURES = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 0 };
const report = (kind: ReleaseReport['kind'], release: Digest): ReleaseReport => ({
  ...{ kind, workflow: WORKFLOW, release, portreeve: '0.1.0', ok: true, figures: FIGURES },
  ...{ started: new Date(Date.now() - 1000).toISOString(), ended: new Date().toISOString() },
  cases: [{ name: 'one', group: 'tests', ok: true, detail: null }],
});

// Each test starts a server, and stops it.
vi.setConfig({ testTimeout: 180_000 });
let folder = '';
let house: TestServer | null = null;
afterEach(async () => {
  await house?.close();
  house = null;
  await rm(folder, { recursive: true, force: true });
});

const task = { workflow: WORKFLOW, input: { case_id: 'CASE-1', publish: false } };
const pathsOf = ({ body }: { body: { errors: { path: string }[] } }) => body.errors.map(({ path }) => path);

describe('H5: production takes no task of a workflow that is not ready', () => {
  test('all that is missing is named, with the fix', async () => {
    folder = await project('{}');
    house = await testServer({ project: folder, prepare: withKey });
    const analyst = await house.addAccount('analyst', ['requester']);
    const refused = await analyst.post('/v1/runs', task);
    expect(refused).toMatchObject({ status: 409, body: { code: 'not_ready', next: expect.stringContaining('check') } });
    expect(pathsOf(refused)).toEqual([
      ...['owners', 'boundaries', 'regulation', 'approvers', 'outage', 'unknown', 'tests', 'red-team', 'thresholds'],
    ]);
    expect(refused.body.errors[1].message).toContain('In workflow.ts: boundaries: {');
    expect((await analyst.get(`/v1/workflows/${WORKFLOW}/readiness`)).status).toBe(403);
  });

  test('once it is there the next task is taken, without another start', async () => {
    const shop = await releaseShop();
    folder = await project(DECLARED, [shop.key]);
    const [loaded] = (await loadProject(folder)).workflows;
    const release = loaded!.release as Digest;
    house = await testServer({ project: folder, prepare: withKey });
    const analyst = await house.addAccount('analyst', ['requester']);
    expect(pathsOf(await analyst.post('/v1/runs', task))).toEqual(['approvers', 'tests', 'red-team', 'thresholds']);

    await house.addAccount('lead', ['approver'], ['note-leads']);
    await writeReport(house, 'tests.json', JSON.stringify(report('tests', digestOf('another release'))));
    await writeReport(house, 'broken.json', '{');
    // By its digest: attached to exactly this release, it counts without lying in the folder.
    const operator = await house.addAccount('op', ['operator']);
    const sealed = { report: await shop.sealed(report('red-team', release)) };
    expect((await operator.post(`/v1/releases/${release}/evidence`, sealed)).status).toBe(201);
    await shop.close();
    expect(pathsOf(await analyst.post('/v1/runs', task))).toEqual(['tests']);

    await writeReport(house, 'tests.json', JSON.stringify(report('tests', release)));
    expect((await analyst.post('/v1/runs', task)).status).toBe(201);
    const auditor = await house.addAccount('auditor', ['auditor']);
    const { body } = await auditor.get(`/v1/workflows/${WORKFLOW}/readiness`);
    expect(body).toMatchObject({ workflow: WORKFLOW, release, environment: 'production', ready: true });
    expect((await auditor.get('/v1/workflows/no-such/readiness')).body).toMatchObject({ code: 'not_found' });
  });
});

async function writeReport({ stateFolder }: TestServer, name: string, text: string): Promise<void> {
  await mkdir(join(stateFolder, 'reports'), { recursive: true });
  await writeFile(join(stateFolder, 'reports', name), text);
}

/** Production takes a key from the store alone. */
const withKey = (stateFolder: string) =>
  plainKeystore(stateFolder, 'production').set('anthropic-api-key', 'no-key-and-never-used');
