import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerGroups } from '@portreeve/contract';
import { makeSigningKey } from '@portreeve/identity/signing-key';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
const passwords: Record<string, string> = {};
let state: string;
let workshop: string;
let folder: string;
let url: string;
let operator: Person;

const portreeve = (...words: string[]) => cli([...words, '--state', state, '--json']);
const done = async (...words: string[]): Promise<Answer> => {
  const ended = await portreeve(...words);
  expect(ended, words.join(' ')).toMatchObject({ code: 0, err: '' });
  return documentIn(ended);
};
/** A command of a person who owns the workflow, with a password of their own. */
const as = (name: string, ...words: string[]) =>
  cli([...words, '--state', state, '--as', name, '--json'], { env: { PORTREEVE_PASSWORD: passwords[name] ?? '' } });

beforeAll(async () => {
  folder = await temporaryFolder();
  state = join(folder, '.portreeve');
  workshop = join(folder, 'workshop');
  const { out } = await cli(['keys', 'release', '--state', workshop]);
  const key = /[A-Za-z0-9_-]{43}/.exec(out)?.[0] ?? '';
  const project = await projectLikeExample(join(folder, 'project'), { releases: { active: 'promoted', keys: [key] } });
  const port = String(await freePort());
  const up = startCli(['up', '--project', project, '--state', state, '--port', port]);
  await up.printed(/127\.0\.0\.1:\d+/);
  url = `http://127.0.0.1:${port}`;
  operator = await until('the accounts', 60_000, () => signIn(url, state, 'operator').catch(() => null));
  const admin = await signIn(url, state, 'admin');
  const { workflows } = await operator.get('/v1/workflows');
  const [sam, bea] = ownerGroups(workflows[0].owners);
  for (const [name, owner] of [
    ['sam', sam],
    ['bea', bea],
  ] as const) {
    const password = randomBytes(18).toString('base64url');
    passwords[name] = password;
    const signing_key = await makeSigningKey(password);
    const account = { name, kind: 'person', password, roles: ['approver'], groups: [owner], signing_key };
    expect(await admin.post('/v1/accounts', account)).toMatchObject({ name });
  }
}, 180_000);
afterAll(cleanUp, 60_000);

/** A copy of the example whose prompt says one thing more: another release. */
async function variant(name: string): Promise<string> {
  const project = join(folder, name);
  await mkdir(project);
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'dir');
  await cp(join(EXAMPLE, 'workflows'), join(project, 'workflows'), { recursive: true });
  const config = { environment: 'development', workflows: [`workflows/${WORKFLOW}`] };
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  const use = join(project, 'workflows', WORKFLOW, 'ACCEPTABLE_USE.md');
  await writeFile(use, `${await readFile(use, 'utf8')}\nAnd for nothing else.\n`);
  return project;
}

/** Builds, adds and attests a release, in the folder of who may sign. */
async function tested(project: string, name: string): Promise<string> {
  const bundle = join(folder, `${name}.release.json`);
  const built = await cli(['release', 'build', '--project', project, '--out', bundle, '--state', workshop, '--json']);
  const { release } = documentIn(built);
  expect(await done('release', 'add', bundle)).toMatchObject({ release, state: 'added' });
  await done('release', 'test', release, '--reason', 'ready to be tried');
  for (const kind of ['tests', 'red-team']) {
    const now = new Date().toISOString();
    const figures = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 12 };
    const said = { kind, workflow: WORKFLOW, release, portreeve: '0.1.0', started: now, ended: now, ok: true };
    const file = join(folder, `${name}.${kind}.json`);
    await writeFile(file, JSON.stringify({ ...said, figures, cases: [] }));
    expect(await done('release', 'attest', file, '--signing-state', workshop)).toMatchObject({ kind, ok: true });
  }
  return release;
}

async function promoted(release: string, names: readonly string[], into: string): Promise<void> {
  const asked = await portreeve('release', 'promote', release, '--reason', 'green, and the owners know');
  expect(asked).toMatchObject({ code: 3, err: '' });
  const { approval } = documentIn(asked);
  for (const name of names)
    expect(await as(name, 'approvals', 'approve', approval, '--reason', 'I have read what changes.')).toMatchObject({
      err: '',
    });
  await until(`${release} to be ${into}`, 30_000, async () => {
    const { state: now } = await operator.get(`/v1/releases/${release}`);
    return now === into;
  });
}

const started = async (): Promise<Answer> => {
  const input = join(folder, 'input.json');
  await writeFile(input, JSON.stringify({ case_id: 'CASE-1042' }));
  return portreeve('run', WORKFLOW, '--input', input);
};
const releaseOfRun = async (): Promise<string> => documentIn(await started()).run.release;

describe('H1: a release by the command', { timeout: 180_000 }, () => {
  let first: string;
  let second: string;

  test('H1: nothing runs before the owners have let a tested release into production', async () => {
    expect(documentIn(await started())).toMatchObject({ error: { code: 'no_release' } });
    first = await tested(join(folder, 'project'), 'first');
    await promoted(first, ['sam'], 'staging');
    await promoted(first, ['sam', 'bea'], 'production');
    expect(await releaseOfRun()).toBe(first);
  });

  test('H1: a second release takes its place, and one command goes back', async () => {
    second = await tested(await variant('second'), 'second');
    await promoted(second, ['bea'], 'staging');
    await promoted(second, ['bea', 'sam'], 'production');
    expect(await releaseOfRun()).toBe(second);
    expect(await done('release', 'rollback', WORKFLOW, '--reason', 'it is not better')).toMatchObject({
      status: 'succeeded',
      release: first,
    });
    expect(await releaseOfRun()).toBe(first);
    const auditor = await signIn(url, state, 'auditor');
    const { records } = await auditor.get('/v1/audit/records?type=release.moved&limit=2');
    expect(records.map(({ entry }: Answer) => [entry.outcome, entry.refs.release])).toEqual([
      ['production', first],
      ['retired', second],
    ]);
  });

  test('H1: what is barred never comes back', async () => {
    expect(await done('release', 'bar', second, '--reason', 'it says too much')).toMatchObject({ state: 'barred' });
    const back = await portreeve('release', 'rollback', WORKFLOW, '--to', second, '--reason', 'once more');
    expect(back).toMatchObject({ code: 1 });
    expect(documentIn(back)).toMatchObject({ status: 'failed' });
    const shown = await cli(['release', 'show', '--state', state]);
    expect(shown.out).toMatch(new RegExp(`production.*${first}`));
    expect(shown.out).toMatch(new RegExp(`barred.*${second}`));
  });
});
