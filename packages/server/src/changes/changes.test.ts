import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf, type ReportKind } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addOwners, approve, type ReleaseShop, releaseShop } from '../testing/releases.ts';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

vi.setConfig({ testTimeout: 60_000 });

let shop: ReleaseShop;
let house: TestServer;
let operator: SignedInClient;

beforeAll(async () => {
  shop = await releaseShop();
  house = await testServer({ config: { releases: { keys: [shop.key] } } });
  operator = await house.as('operator');
  await addOwners(house);
}, 60_000);
afterAll(async () => {
  await house?.close();
  await shop?.close();
});

let starts = 0;
/** Starts the server again with other rights in its configuration, from a folder of its own: a module is read once. */
async function restartedWith(local_accounts: 'laptop' | 'allow'): Promise<void> {
  const folder = join(house.stateFolder, 'project');
  const other = join(house.stateFolder, `project-${++starts}`);
  await cp(folder, other, { recursive: true });
  const file = join(other, 'portreeve.config.ts');
  const config = JSON.parse((await readFile(file, 'utf8')).replace(/^export default |;\n$/g, ''));
  await writeFile(file, `export default ${JSON.stringify({ ...config, identity: { local_accounts } })};\n`);
  Object.assign(house.startOptions, { project: other });
  await house.restart();
}
/** A run that asks the model, and waits for people by then. */
const asks = async () => house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
const listed = async (query = '') => (await operator.get(`/v1/changes${query}`)).body.changes;
const shown = async (change: string) => (await operator.get(`/v1/changes/${change}`)).body;
const ask = (change: string, by = operator) => by.post(`/v1/changes/${change}/approvals`, { reason: 'looked at' });
const release = async (): Promise<Digest> => (await operator.get('/v1/releases')).body.releases[0].release;
async function attest(kind: ReportKind): Promise<void> {
  const now = new Date().toISOString();
  const report = await shop.sealed(shop.report(await release(), kind, { started: now, ended: now }));
  expect((await operator.post(`/v1/releases/${await release()}/evidence`, { report })).status).toBe(201);
}
const comesTo = (change: string, state: string) =>
  expect
    .poll(
      async () => {
        await house.server.services.changes.settleDue();
        return (await shown(change)).state;
      },
      { timeout: 30_000 },
    )
    .toBe(state);

let right: string;

test('H2: the first start opens nothing; a right that is otherwise at a later one is a change, once', async () => {
  expect(await listed()).toEqual([]);
  await restartedWith('allow');
  const all = await listed();
  expect(all).toMatchObject([
    {
      ...{ kind: 'configuration', subject: 'identity', state: 'open', workflows: [WORKFLOW], pieces: 1, looser: 1 },
      ...{ owners: ['business', 'platform', 'security'], risk: 'medium', opened_by: 'system' },
    },
  ]);
  right = all[0].change;
  expect((await shown(right)).pieces).toEqual([
    { area: 'identity rights', text: '/local_accounts from laptop to allow', loosens: true, lines: [] },
  ]);
  const { body } = await (await house.as('auditor')).get('/v1/audit/records?type=change.opened');
  expect(body.records).toHaveLength(1);
});

test('H2 H5: while it is open the readiness of what it touches fails, with what to do, and runs go on', async () => {
  const readiness = await house.server.services.readiness.of(WORKFLOW);
  expect(readiness.items.find(({ id }) => id === 'changes')).toMatchObject({
    state: 'fail',
    reason: 'identity was changed (open)',
    fix: { write: expect.stringContaining(`portreeve changes approve ${right}`) },
  });
  await asks();
});

test('H2: without tests and a red team since, it says so and cannot be approved', async () => {
  for (const kind of ['tests', 'red-team'] as const) {
    const old = new Date(Date.now() - 3_600_000).toISOString();
    const report = await shop.sealed(shop.report(await release(), kind, { started: old, ended: old }));
    await operator.post(`/v1/releases/${await release()}/evidence`, { report });
  }
  const refused = await ask(right);
  expect(refused).toMatchObject({ status: 409, body: { code: 'release_not_ready' } });
  const lacks = [
    { path: 'evidence.tests', message: 'there is no report on its tests' },
    { path: 'evidence.red-team', message: 'there is no report on its red team' },
  ];
  expect(refused.body.errors.map(({ path }: { path: string }) => path)).toEqual(
    lacks.map(({ path }) => `${WORKFLOW}.${path}`),
  );
  expect((await shown(right)).evidence).toEqual([{ workflow: WORKFLOW, release: await release(), reports: [], lacks }]);
  expect((await ask(right, await house.as('lead'))).status).toBe(403);
});

test('H2: its owners agree by the one way of agreeing; who asks does not, and nobody is asked twice', async () => {
  await attest('tests');
  await attest('red-team');
  const asked = await ask(right);
  expect(asked).toMatchObject({ status: 201, body: { status: 'waiting', tool: 'approve_change', change: right } });
  expect((await ask(right)).body).toMatchObject({ code: 'conflict', detail: 'Its owners are asked already.' });
  const { approval } = asked.body;
  const { args } = (await (await house.as('sam')).get(`/v1/approvals/${approval}`)).body;
  expect(args).toMatchObject({
    ...{ subject: 'identity', workflows: [WORKFLOW], looser: 1 },
    says: ['looser: identity rights: /local_accounts from laptop to allow'],
    rests_on: [{ workflow: WORKFLOW, reports: [expect.any(String), expect.any(String)] }],
  });
  expect((await approve(house, approval, 'lead')).status).toBe(403);
  expect((await approve(house, approval, 'sam')).status).toBe(201);
  await comesTo(right, 'approved');
  expect((await shown(right)).moves).toMatchObject([
    { event: 'approve', proposal: asked.body.proposal, evidence: [expect.any(String), expect.any(String)] },
  ]);
  expect((await ask(right)).body).toMatchObject({ code: 'conflict' });
  await house.restart();
  expect(await listed('?state=open')).toEqual([]);
  expect((await house.server.services.readiness.of(WORKFLOW)).items.find(({ id }) => id === 'changes')?.state).toBe(
    'pass',
  );
});

test('H2: a model that answers by another version opens a change by itself, in the record’s own transaction', async () => {
  expect(await listed('?kind=model')).toEqual([]);
  const { database } = house.server.services;
  const before = { answered: 'the version of last week' };
  // What was agreed to is another version than the one that will answer.
  await database.pool.query("UPDATE surface_agreed SET body = $1, digest = $2 WHERE kind = 'model'", [
    JSON.stringify(before),
    digestOf(before),
  ]);
  await asks();
  const [change] = await listed('?kind=model');
  expect(change).toMatchObject({ state: 'open', workflows: [WORKFLOW], opened_by: 'system' });
  const [piece] = (await shown(change.change)).pieces;
  expect(piece.text).toMatch(/ answers as .*; it was the version of last week$/);
});

test('H2: a no needs one who speaks for it; it stays unreviewed while it is in force', async () => {
  const [{ change }] = await listed('?kind=model');
  const no = (by: SignedInClient) => by.post(`/v1/changes/${change}/rejections`, { reason: 'we know nothing of it' });
  expect((await no(await house.as('analyst'))).status).toBe(403);
  expect((await no(await house.as('lead'))).body).toMatchObject({ code: 'approver_not_eligible' });
  expect((await no(await house.as('bea'))).body).toMatchObject({ state: 'rejected' });
  expect((await no(await house.as('bea'))).body).toMatchObject({ code: 'conflict' });
  const { items } = await house.server.services.readiness.of(WORKFLOW);
  expect(items.find(({ id }) => id === 'changes')).toMatchObject({ state: 'fail' });
  await expect(
    house.server.services.database.pool.query('UPDATE surface_changes SET owners = $1', [['bea']]),
  ).rejects.toThrow('cannot be changed like that');
});

test('H2: what is taken back withdraws its change', async () => {
  await restartedWith('laptop');
  const [{ change, state }] = await listed('?kind=configuration');
  expect(state).toBe('open');
  await restartedWith('allow');
  expect((await shown(change)).moves).toMatchObject([
    { event: 'withdraw', reason: 'A server was started with what was agreed to before.' },
  ]);
});
