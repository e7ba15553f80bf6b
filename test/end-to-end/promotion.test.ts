import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerGroups } from '@portreeve/contract';
import { makeSigningKey } from '@portreeve/identity/signing-key';
import { sealReportFile } from '@portreeve/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { EXAMPLE } from '../support/case-system.ts';
import { cli, documentIn, projectLikeExample, startCli } from '../support/cli.ts';
import { type Answer, type Person, signIn } from '../support/people.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/processes.ts';

/*
 * The commands of docs/guides/promotion.md, as a team types them: who builds and tests has the release key, who runs the
 * server has none.
 */

const WORKFLOW = 'incident-summary';
let state: string;
let workshop: string;
let folder: string;
let url: string;
const people: Record<string, Person> = {};
const person = (name: string): Person => {
  const found = people[name];
  if (!found) throw new Error(`nobody is called ${name}`);
  return found;
};
const operator = () => person('operator');

const portreeve = (...words: string[]) => cli([...words, '--state', state, '--json']);
const done = async (...words: string[]): Promise<Answer> => {
  const ended = await portreeve(...words);
  expect(ended, words.join(' ')).toMatchObject({ code: 0, err: '' });
  return documentIn(ended);
};

beforeAll(async () => {
  folder = await temporaryFolder();
  state = join(folder, '.portreeve');
  workshop = join(folder, 'workshop');
  const { out } = await cli(['keys', 'release', '--state', workshop]);
  const key = /[A-Za-z0-9_-]{43}/.exec(out)?.[0] ?? '';
  const project = await projectLikeExample(join(folder, 'project'), { releases: { active: 'promoted', keys: [key] } });
  const port = String(await freePort());
  startCli(['up', '--project', project, '--state', state, '--port', port]);
  url = `http://127.0.0.1:${port}`;
  const known = (name: string) =>
    until(`${name} to sign in`, 120_000, () => signIn(url, state, name).catch(() => null));
  for (const name of ['operator', 'admin', 'analyst', 'auditor']) people[name] = await known(name);
  const { workflows } = await operator().get('/v1/workflows');
  // Two people who own the workflow, as an administrator makes them.
  const file = join(state, 'accounts.json');
  const accounts = JSON.parse(await readFile(file, 'utf8'));
  for (const [index, name] of ['sam', 'bea'].entries()) {
    const password = randomBytes(18).toString('base64url');
    const groups = [ownerGroups(workflows[0].owners)[index]];
    const signing_key = await makeSigningKey(password);
    const account = { name, kind: 'person', password, roles: ['approver'], groups, signing_key };
    expect(await person('admin').post('/v1/accounts', account)).toMatchObject({ name });
    accounts.push({ name, password, roles: ['approver'] });
    await writeFile(file, JSON.stringify(accounts));
    people[name] = await known(name);
  }
}, 240_000);
afterAll(cleanUp, 60_000);

/** A copy of the example whose page on acceptable use says one thing more: another release. */
async function variant(name: string, members = ''): Promise<string> {
  const project = join(folder, name);
  await mkdir(project);
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'dir');
  await cp(join(EXAMPLE, 'workflows'), join(project, 'workflows'), { recursive: true });
  const config = { environment: 'development', workflows: [`workflows/${WORKFLOW}`] };
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  const use = join(project, 'workflows', WORKFLOW, 'ACCEPTABLE_USE.md');
  await writeFile(use, `${await readFile(use, 'utf8')}\nAnd for nothing else.\n`);
  const workflow = join(project, 'workflows', WORKFLOW, 'workflow.ts');
  const text = await readFile(workflow, 'utf8');
  await writeFile(workflow, text.replace("  tier: 'high',\n", `  tier: 'high',\n${members}`));
  return project;
}

/** A bundle and two reports, in the folder of who may sign. */
async function built(project: string, name: string) {
  const bundle = join(folder, `${name}.release.json`);
  const ended = await cli(['release', 'build', '--project', project, '--out', bundle, '--state', workshop, '--json']);
  const { release } = documentIn(ended);
  const reports = await Promise.all(
    ['tests', 'red-team'].map(async (kind) => {
      const now = new Date().toISOString();
      const figures = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 12 };
      const cases = [{ name: 'one', group: 'all', ok: true, detail: null }];
      const said = { kind, workflow: WORKFLOW, release, portreeve: '0.1.0', started: now, ended: now, ok: true };
      const file = join(folder, `${name}.${kind}.json`);
      await writeFile(file, JSON.stringify({ ...said, figures, cases }));
      return file;
    }),
  );
  return { bundle, release: release as string, reports };
}

const stands = (release: string, at: string) =>
  until(`${release} to be ${at}`, 60_000, async () => (await operator().get(`/v1/releases/${release}`)).state === at);

async function promoted(release: string, names: readonly string[], into: string): Promise<void> {
  const { approval } = await operator().post(`/v1/releases/${release}/promotions`, { reason: 'green' });
  for (const name of names) await person(name).approve(approval);
  await stands(release, into);
}

/** Adds a release that was built, attests it and has it staged, by the API. */
async function staged({ bundle, release, reports }: Awaited<ReturnType<typeof built>>): Promise<void> {
  await operator().post('/v1/releases', { bundle: await readFile(bundle, 'utf8') });
  await operator().post(`/v1/releases/${release}/events`, { event: 'test', reason: 'another' });
  for (const report of reports) {
    const { text } = await sealReportFile(report, workshop);
    await operator().post(`/v1/releases/${release}/evidence`, { report: text });
  }
  await promoted(release, ['bea'], 'staging');
}

const started = async (): Promise<Answer> =>
  person('analyst').post('/v1/runs', { workflow: WORKFLOW, input: { case_id: 'CASE-1042' } });

test('H1: a release by the command: built, added, attested, promoted, rolled back, barred', {
  timeout: 280_000,
}, async () => {
  expect(await started()).toMatchObject({ code: 'no_release' });
  const first = await built(join(folder, 'project'), 'first');
  expect(await done('release', 'add', first.bundle)).toMatchObject({ release: first.release, state: 'added' });
  await done('release', 'test', first.release, '--reason', 'ready to be tried');
  for (const report of first.reports)
    expect(await done('release', 'attest', report, '--signing-state', workshop)).toMatchObject({ ok: true });
  const asked = await portreeve('release', 'promote', first.release, '--reason', 'green, and the owners know');
  expect(asked).toMatchObject({ code: 3, err: '' });
  const { approval } = documentIn(asked);
  await done('approvals', 'approve', approval, '--as', 'sam', '--reason', 'I have read what changes.');
  await stands(first.release, 'staging');
  await promoted(first.release, ['sam', 'bea'], 'production');
  expect(await started()).toMatchObject({ release: first.release });

  const second = await built(await variant('second'), 'second');
  await staged(second);
  await promoted(second.release, ['bea', 'sam'], 'production');
  expect(await started()).toMatchObject({ release: second.release });

  expect(await done('release', 'rollback', WORKFLOW, '--reason', 'it is not better')).toMatchObject({
    status: 'succeeded',
    release: first.release,
  });
  expect(await started()).toMatchObject({ release: first.release });
  const { records } = await person('auditor').get('/v1/audit/records?type=release.moved&limit=2');
  expect(records.map(({ entry }: Answer) => [entry.outcome, entry.refs.release])).toEqual([
    ['production', first.release],
    ['retired', second.release],
  ]);

  await done('release', 'bar', second.release, '--reason', 'it says too much');
  const back = await portreeve('release', 'rollback', WORKFLOW, '--to', second.release, '--reason', 'once more');
  expect([back.code, documentIn(back).status]).toEqual([1, 'failed']);
  const shown = await cli(['release', 'show', '--state', state]);
  expect(shown.out).toMatch(new RegExp(`production.*${first.release}`));
  expect(shown.out).toMatch(new RegExp(`barred.*${second.release}`));
});

const ROLLOUT = `  rollout: [
    { kind: 'shadow', runs_max: 200, leave: { runs_min: 1, minutes_min: 0, failed_max: 0 } },
    { kind: 'users', users: ['analyst'], runs_max: 50, leave: { runs_min: 20, minutes_min: 1440, failed_max: 0 } },
  ],
`;

test('H9: a pilot by the command: it enters a step, shows what it lacks, and is withdrawn', {
  timeout: 280_000,
}, async () => {
  const third = await built(await variant('third', ROLLOUT), 'third');
  await staged(third);
  const human = (...words: string[]) => cli([...words, '--state', state]);
  const asked = await human('release', 'promote', third.release, '--reason', 'green, and a new prompt');
  expect(asked).toMatchObject({ code: 3, err: '' });
  const approval = /appr_[A-Za-z0-9_-]+/.exec(asked.out)?.[0] ?? '';
  for (const name of ['sam', 'bea']) await person(name).approve(approval);
  await stands(third.release, 'pilot');
  const shown = await human('release', 'show', third.release);
  expect(shown.out).toContain('step 1 of 2: a shadow of 10000 of 10000 requests that does nothing, at most 200 runs');
  expect(shown.out).toContain('✗ rollout.leave.runs_min: 0 runs have ended; it takes 1');
  const early = await human('release', 'promote', third.release, '--reason', 'now');
  expect(early).toMatchObject({ code: 1, err: expect.stringContaining('cannot leave step 1 of its rollout') });
  expect(await started()).not.toMatchObject({ release: third.release });
  const shadowed = async () => {
    const { pilot } = await operator().get(`/v1/releases/${third.release}`);
    return pilot.taken > 0 ? pilot : null;
  };
  expect(await until('a shadow', 60_000, shadowed)).toMatchObject({ step: 1, taken: 1 });
  const withdrawn = await human('release', 'withdraw', third.release, '--reason', 'seen enough');
  expect(withdrawn).toMatchObject({ code: 0, err: '' });
  expect(withdrawn.out).toContain('withdraw: pilot → retired (seen enough)');
});
