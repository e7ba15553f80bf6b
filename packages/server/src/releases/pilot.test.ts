import { type Digest, type Rollout, type Run, rolloutSchema } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addOwners, type ReleaseShop, releaseShop } from '../testing/releases.ts';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

// Loading and comparing releases computes for seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000 });

const leave = { runs_min: 1, minutes_min: 0, failed_max: 0, missed_max: 0 };
const ROLLOUT: Rollout = rolloutSchema.parse([
  { kind: 'shadow', runs_max: 3, leave: { ...leave, runs_min: 2 } },
  { kind: 'users', users: ['analyst'], runs_max: 2, leave },
  { kind: 'share', basis_points: 9999, runs_max: 100, leave: { ...leave, minutes_min: 60 } },
]);
const MEMBERS = {
  rollout: ROLLOUT,
  thresholds: { live_count_min: 3, blocked_action_per_mille_max: 100 },
};

let shop: ReleaseShop;
let house: TestServer;
let operator: SignedInClient;
let first: Digest;
let second: Digest;

beforeAll(async () => {
  shop = await releaseShop();
  house = await testServer({ config: { releases: { active: 'promoted', keys: [shop.key] } } });
  operator = await house.as('operator');
  await addOwners(house);
  const before = await shop.build();
  first = before.release;
  await shop.intoProduction(house, before);
  const after = await shop.build((text) => text.replace('history: {},', `history: {}, ...${JSON.stringify(MEMBERS)},`));
  second = after.release;
  await shop.intoStaging(house, after);
}, 120_000);
afterAll(async () => {
  await house?.close();
  await shop?.close();
});

const shown = async (release = second) => (await operator.get(`/v1/releases/${release}`)).body;
const enters = (step: number) => shop.goesOn(house, second, ({ pilot }) => pilot?.step === step);
const promote = () => operator.post(`/v1/releases/${second}/promotions`, { reason: 'it went well' });
const look = () => house.submit({ case_id: 'CASE-1', publish: false });
const allRuns = async (): Promise<Run[]> => (await operator.get('/v1/runs?limit=200')).body.runs;
const shadowOf = async (run: Run): Promise<Run | undefined> =>
  (await allRuns()).find(({ shadow_of }) => shadow_of === run.id);
const ofType = async (
  type: 'release.piloted' | 'release.moved' | 'grant.issued' | 'decision.made' | 'handoff.opened',
) => (await house.server.services.audit.search({ type, limit: 200 })).records;

test('H9: a release with a rollout enters its first step, and the one before serves on', async () => {
  await enters(1);
  const { state, pilot, requests } = await shown();
  expect([state, pilot]).toEqual(['pilot', expect.objectContaining({ kind: 'shadow', steps: 3, taken: 0 })]);
  expect(requests[0]).toMatchObject({ tool: 'pilot_release', ending: 'succeeded' });
  expect((await shown(first)).state).toBe('production');
  const { records } = await house.server.services.audit.search({ type: 'release.moved', limit: 1, order: 'newest' });
  expect(records[0]?.payload?.data).toMatchObject({ event: 'pilot', from: 'staging', to: 'pilot', step: 1 });
});

test('H9 INV1: a shadow decides what policy permits, and nothing of it is granted, called, asked or shown', async () => {
  const run = await look();
  expect(run.release).toBe(first);
  expect((await house.ended(run.id)).result).toMatchObject({ status: 'succeeded' });
  const shadow = await shadowOf(run);
  expect(shadow).toMatchObject({ release: second, shadow_of: run.id, input: run.input });
  expect((await house.server.services.runs.get(shadow!.id))?.principal.id).toBe(run.principal.id);
  await expect.poll(async () => (await shadowOf(run))?.state).toBe('completed');
  expect((await shadowOf(run))?.result).toMatchObject({ status: 'refused' });
  const decided = (await ofType('decision.made')).filter(({ entry }) => entry.refs.run === shadow!.id);
  expect(decided.map(({ entry }) => entry.outcome)).toEqual(['permit']);
  const submitted = await house.server.services.audit.search({ type: 'run.submitted', run: shadow!.id });
  expect(submitted.records[0]?.payload?.data).toMatchObject({ shadow_of: run.id });
  for (const type of ['grant.issued', 'handoff.opened'] as const)
    expect((await ofType(type)).filter(({ entry }) => entry.refs.run === shadow!.id)).toEqual([]);
  // Who asked sees their run alone.
  const analyst = await house.as('analyst');
  const mine: Run[] = (await analyst.get('/v1/runs?limit=200')).body.runs;
  expect(mine.map(({ id }) => id)).toEqual([run.id]);
  expect((await analyst.get(`/v1/runs/${shadow!.id}`)).status).toBe(404);
});

test('H9 INV1: the database makes no grant for what a shadow proposed, and a shadow stays one', async () => {
  const { database } = house.server.services;
  const [shadow] = (await allRuns()).filter(({ shadow_of }) => shadow_of);
  const [decided] = (await ofType('decision.made')).filter(({ entry }) => entry.refs.run === shadow!.id);
  const grant = database.pool.query(
    `INSERT INTO grants (id, proposal, proposal_digest, args_digest, audience, state, issued_at, expires_at)
     VALUES ('grt_by-hand', $1, 'x', 'x', 'x', 'issued', now(), now())`,
    [decided!.entry.refs.proposal],
  );
  await expect(grant).rejects.toThrow('that of a shadow');
  const freed = database.pool.query('UPDATE runs SET shadow_of = NULL WHERE id = $1', [shadow!.id]);
  await expect(freed).rejects.toThrow('never changes');
});

test('H9: what a person would be asked about ends a shadow, and nobody is asked', async () => {
  const run = await house.submit({ case_id: 'CASE-1' });
  const asked = await house.approvalOf(run.id);
  expect(asked.approval.state).toBe('pending');
  await expect.poll(async () => (await shadowOf(run))?.state).toBe('completed');
  const shadow = await shadowOf(run);
  const { approvals } = (await (await house.as('lead')).get('/v1/approvals?limit=200')).body;
  expect(JSON.stringify(approvals)).not.toContain(shadow!.id);
});

test('H9: a step is not left before its criteria are met by what is recorded, and takes no more than it may', async () => {
  const { body } = await operator.post(`/v1/releases/${second}/events`, { event: 'test', reason: 'from here' });
  expect(body.code).toBe('conflict');
  const before = (await shown()).pilot;
  expect(before).toMatchObject({ taken: 2, ended: 2, failed: 0, unmet: [] });
  await look();
  const last = await look();
  expect(await shadowOf(last)).toBeUndefined();
  await expect.poll(async () => (await shown()).pilot.ended).toBe(3);
  expect((await shown()).pilot).toMatchObject({ taken: 3, runs_max: 3 });
  await enters(2);
  const early = await promote();
  expect(early).toMatchObject({ status: 409, body: { code: 'release_not_ready' } });
  expect(early.body.errors).toEqual([{ path: 'rollout.leave.runs_min', message: '0 runs have ended; it takes 1' }]);
});

test('H9: named users alone, and no more than the step takes; it stays so over a restart', async () => {
  const asked = { workflow: WORKFLOW, input: { case_id: 'CASE-1', publish: false } };
  const taken = await look();
  expect(taken.release).toBe(second);
  expect((await house.ended(taken.id)).result).toMatchObject({ status: 'succeeded' });
  await house.restart();
  await house.addAccount('other', ['requester']);
  const other = await house.as('other');
  operator = await house.as('operator');
  expect((await shown()).pilot).toMatchObject({ step: 2, taken: 1 });
  expect((await other.post('/v1/runs', asked)).body.release).toBe(first);
  expect([(await look()).release, (await look()).release]).toEqual([second, first]);
  expect((await shown()).pilot).toMatchObject({ taken: 2, runs_max: 2 });
  const { records } = await house.server.services.audit.search({ type: 'release.piloted', run: taken.id });
  expect(records[0]?.payload?.data).toMatchObject({ step: 2, kind: 'users', shadow_of: null });
});

test('H9 H4: a pilot that misses a threshold is withdrawn; the workflow runs on, and what is under way keeps its release', async () => {
  await enters(3);
  expect((await promote()).body.errors.map(({ path }: { path: string }) => path)).toContain(
    'rollout.leave.minutes_min',
  );
  const waiting = await house.submit({ case_id: 'CASE-1' });
  const asked = await house.approvalOf(waiting.id);
  expect(waiting.release).toBe(second);
  await operator.post('/v1/environment/freezes', { target: 'tool:look_up_owner', reason: 'a test' });
  for (let n = 0; n < 3; n++) await house.ended((await look()).id);
  const { pilots, thresholds } = house.server.services;
  expect((await shown()).pilot.unmet).toContainEqual(expect.objectContaining({ path: 'rollout.leave.missed_max' }));
  await pilots.look();
  await thresholds.look();
  expect(await shown()).toMatchObject({ state: 'retired', pilot: null });
  const { records } = await house.server.services.audit.search({ type: 'release.moved', limit: 1, order: 'newest' });
  expect(records[0]).toMatchObject({
    entry: { actor: { id: 'system' } },
    payload: { data: { event: 'withdraw', step: 3, reason: expect.stringContaining('the bound is 100') } },
  });
  expect((await operator.get('/v1/environment')).body.freezes).not.toContain(`workflow:${WORKFLOW}`);
  expect((await look()).release).toBe(first);
  house.downstream.replyWith((_call, response) =>
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":1}'),
  );
  const lead = await house.as('lead');
  await lead.post(`/v1/approvals/${asked.approval.id}/verdicts`, await house.verdict('lead', asked, 'approve'));
  expect(await house.ended(waiting.id)).toMatchObject({ release: second, result: { status: 'succeeded' } });
  const back = await operator.post(`/v1/workflows/${WORKFLOW}/rollbacks`, { to: second, reason: 'back' });
  expect(back.body).toMatchObject({ status: 'failed', reason: expect.stringContaining('never in production') });
});
