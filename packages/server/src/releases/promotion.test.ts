import {
  type Digest,
  digestOf,
  draft,
  newId,
  type RecordDraft,
  type Run,
  SYSTEM_ACTOR,
  systemClock,
} from '@portreeve/contract';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addOwners, approve, type ReleaseShop, releaseShop } from '../testing/releases.ts';
import { type ShownApproval, type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

// Loading and comparing releases computes for seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000 });

let shop: ReleaseShop;
let house: TestServer;
let operator: SignedInClient;
let first: Digest;
let second: Digest;

const marked = (mark: string) => (text: string) =>
  text.replaceAll('status: outcome.status }', `status: outcome.status, by: '${mark}' }`);

beforeAll(async () => {
  shop = await releaseShop();
  house = await testServer({ config: { releases: { active: 'promoted', keys: [shop.key] } } });
  operator = await house.as('operator');
  await addOwners(house);
}, 60_000);
afterAll(async () => {
  await house?.close();
  await shop?.close();
});

const attest = async (release: Digest, kind: 'tests' | 'red-team', ok = true) =>
  operator.post(`/v1/releases/${release}/evidence`, { report: await shop.sealed(shop.report(release, kind, { ok })) });
const promote = (release: Digest) => operator.post(`/v1/releases/${release}/promotions`, { reason: 'it is tested' });
const stateOf = async (release: Digest): Promise<string> => (await operator.get(`/v1/releases/${release}`)).body.state;
const moved = (release: Digest, state: string) =>
  expect.poll(() => stateOf(release), { timeout: 60_000, interval: 50 }).toBe(state);

const publishes = () =>
  house.downstream.replyWith((_call, response) =>
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":1}'),
  );
/** A run that waits for the approval of what it would publish. */
async function waitingRun(): Promise<{ run: Run; shown: ShownApproval }> {
  const run = await house.submit({ case_id: 'CASE-1' });
  return { run, shown: await house.approvalOf(run.id) };
}
async function finish({ run, shown }: { run: Run; shown: ShownApproval }): Promise<Run> {
  const lead = await house.as('lead');
  publishes();
  await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, await house.verdict('lead', shown, 'approve'));
  return house.ended(run.id);
}

test('H1: nothing runs before a release is in production; what the folder holds is in the register', async () => {
  const refused = await (await house.as('analyst')).post('/v1/runs', {
    workflow: WORKFLOW,
    input: { case_id: 'CASE-1' },
  });
  expect(refused).toMatchObject({ status: 503, body: { code: 'no_release' } });
  const { body } = await operator.get('/v1/releases');
  expect(body).toMatchObject({
    active: 'promoted',
    releases: [{ workflow: WORKFLOW, state: 'added', origin: 'folder' }],
  });
});

test('H1: a bundle that no trusted key signed, and evidence that does not hold, are turned away', async () => {
  const { text, release } = await shop.build();
  first = release;
  const unsigned = await operator.post('/v1/releases', { bundle: (await shop.build(undefined, false)).text });
  expect(unsigned).toMatchObject({ status: 403, body: { code: 'bad_signature' } });
  const lead = await house.as('lead');
  expect((await lead.post('/v1/releases', { bundle: text })).status).toBe(403);
  const added = await operator.post('/v1/releases', { bundle: text });
  expect(added.body).toMatchObject({ origin: 'bundle', state: 'added' });
  await operator.post(`/v1/releases/${first}/events`, { event: 'test', reason: 'a test' });
  const bare = await promote(first);
  expect(bare).toMatchObject({ status: 409, body: { code: 'release_not_ready' } });
  expect(bare.body.errors.map(({ path }: { path: string }) => path)).toEqual(['evidence.tests', 'evidence.red-team']);
  await attest(first, 'tests');
  await attest(first, 'red-team', false);
  expect((await promote(first)).body.errors).toMatchObject([{ path: 'evidence.red-team' }]);
  const elsewhere = await shop.sealed(shop.report(`sha256:${'0'.repeat(64)}`, 'tests'));
  expect(await operator.post(`/v1/releases/${first}/evidence`, { report: elsewhere })).toMatchObject({
    status: 409,
    body: { code: 'digest_mismatch' },
  });
});

test('H1: green, approved by its owners, it goes into production, and new runs take it', async () => {
  const release = first;
  await attest(release, 'red-team');
  const staged = await promote(release);
  // An approver who owns nothing of it has no voice.
  expect((await approve(house, staged.body.approval, 'lead')).status).toBe(403);
  expect((await approve(house, staged.body.approval, 'sam')).status).toBe(201);
  await moved(release, 'staging');
  const asked = await promote(release);
  expect((await approve(house, asked.body.approval, 'bea')).status).toBe(201);
  expect((await approve(house, asked.body.approval, 'sam')).status).toBe(201);
  await moved(release, 'production');
  const run = await house.submit({ case_id: 'CASE-1', publish: false });
  expect(run.release).toBe(release);
  const { body } = await operator.get(`/v1/releases/${release}`);
  expect(body.moves.map(({ event }: { event: string }) => event)).toEqual(['test', 'stage', 'promote']);
  expect(body.requests.map(({ ending }: { ending: string }) => ending)).toEqual(['succeeded', 'succeeded']);
});

test('H1 INV9: a second release is loaded from its bundle for new runs; what is under way keeps the first', async () => {
  const before = await waitingRun();
  const bundle = await shop.build(marked('second'));
  second = bundle.release;
  expect(second).not.toBe(first);
  await shop.intoProduction(house, bundle);
  expect([await stateOf(first), await stateOf(second)]).toEqual(['retired', 'production']);
  const after = await waitingRun();
  expect([before.run.release, after.run.release]).toEqual([first, second]);
  expect((await finish(before)).result).toEqual({ case_id: 'CASE-1', status: 'succeeded' });
  expect((await finish(after)).result).toEqual({ case_id: 'CASE-1', status: 'succeeded', by: 'second' });
});

test('H1: rollback is one call, and new runs take the earlier release at once; runs keep theirs over a restart', async () => {
  const kept = await waitingRun();
  expect(kept.run.release).toBe(second);
  const begun = performance.now();
  const back = await operator.post(`/v1/workflows/${WORKFLOW}/rollbacks`, { reason: 'it writes too much' });
  const next = await house.submit({ case_id: 'CASE-1', publish: false });
  const ms = Math.round(performance.now() - begun);
  console.log(`rollback: from the request to the first run on the earlier release admitted: ${ms} ms`);
  expect(back).toMatchObject({ status: 201, body: { status: 'succeeded', release: first } });
  expect(next.release).toBe(first);
  await house.restart();
  expect((await finish(kept)).result).toMatchObject({ status: 'succeeded', by: 'second' });
  const { records } = await house.server.services.audit.search({ type: 'release.moved', limit: 10 });
  expect(records[0]).toMatchObject({ entry: { outcome: 'production', refs: { release: first } } });
});

test('H1: a barred release never starts again, and what waits in its runs goes to a person', async () => {
  const third = await shop.build(marked('third'));
  await shop.intoProduction(house, third);
  const waiting = await waitingRun();
  expect(waiting.run.release).toBe(third.release);
  const barred = await operator.post(`/v1/releases/${third.release}/bar`, { reason: 'it leaks' });
  expect(barred).toMatchObject({ status: 201, body: { state: 'barred' } });
  const refused = await (await house.as('analyst')).post('/v1/runs', {
    workflow: WORKFLOW,
    input: { case_id: 'CASE-1' },
  });
  expect(refused).toMatchObject({ status: 503, body: { code: 'no_release' } });
  const ended = await house.ended(waiting.run.id);
  expect(ended).toMatchObject({ state: 'handed_off', ending: expect.stringContaining('barred') });
  const { database } = house.server.services;
  const { proposal } = waiting.shown.approval;
  const grant = database.pool.query(
    `INSERT INTO grants (id, proposal, proposal_digest, args_digest, audience, state, issued_at, expires_at)
     VALUES ('grt_by-hand', $1, 'x', 'x', 'x', 'issued', now(), now())`,
    [proposal],
  );
  await expect(grant).rejects.toThrow('is barred');
  const to = (release: Digest) => operator.post(`/v1/workflows/${WORKFLOW}/rollbacks`, { to: release, reason: 'back' });
  expect((await to(third.release)).body).toMatchObject({ status: 'failed' });
  expect((await to(second)).body).toMatchObject({ status: 'succeeded' });
  expect((await house.submit({ case_id: 'CASE-1', publish: false })).release).toBe(second);
  const unbar = database.read
    .updateTable('releases')
    .set({ state: 'production' })
    .where('release', '=', third.release)
    .execute();
  await expect(unbar).rejects.toThrow('cannot be changed like that');
});

test('H1 C1: the requester of a promotion approves nothing of it, and who is no operator asks for none', async () => {
  const analyst = await house.as('analyst');
  expect((await analyst.post(`/v1/releases/${first}/promotions`, { reason: 'please' })).status).toBe(403);
  expect((await analyst.post(`/v1/workflows/${WORKFLOW}/rollbacks`, { reason: 'please' })).status).toBe(403);
  const wish = { tool: 'promote_release', args: {}, rationale: 'me too' };
  expect((await analyst.post('/v1/proposals', wish)).status).toBeGreaterThanOrEqual(400);
});

test('H2: each release that went on is one change, with what it changes, settled by the promotion of its owners', async () => {
  const { changes } = (await operator.get('/v1/changes?kind=release')).body;
  const of = (release: Digest) =>
    changes.filter(({ subject }: { subject: string }) => subject === release) as { change: string; state: string }[];
  expect([first, second].map((release) => of(release).map(({ state }) => state))).toEqual([['settled'], ['settled']]);
  const shown = (await operator.get(`/v1/changes/${of(second)[0]!.change}`)).body;
  expect(shown).toMatchObject({ from: first, to: second, workflows: [WORKFLOW], evidence: [{ lacks: [] }] });
  expect(shown.pieces).toContainEqual(expect.objectContaining({ area: 'code', text: 'workflow.ts is changed' }));
  const { moves } = (await operator.get(`/v1/releases/${second}`)).body;
  const { proposal } = moves.find(({ event }: { event: string }) => event === 'promote');
  expect(shown.moves).toMatchObject([{ event: 'settle', proposal }]);
  // There is nothing to approve a second time.
  const again = await operator.post(`/v1/changes/${shown.change}/approvals`, { reason: 'once more' });
  expect(again).toMatchObject({ status: 409, body: { code: 'conflict' } });
});

test('H6: drift is that of the release in production, and its alarm names it', async () => {
  const ends = (of: string, count: number, handedOff: number) =>
    Array.from({ length: count }, (_, n) =>
      draft<'run.ended'>({
        ...{ type: 'run.ended', actor: SYSTEM_ACTOR, outcome: 'completed' },
        refs: { workflow: WORKFLOW, run: newId('run', systemClock), release: digestOf(of) },
        data: { state: n % 10 < handedOff ? 'handed_off' : 'completed', ending: 'done', result: null },
      }),
    );
  const { audit, drift } = house.server.services;
  await audit.record([...ends('before', 200, 1), ...ends('after', 60, 6)] as RecordDraft[]);
  await drift.look();
  const { records } = await audit.search({ type: 'drift.alarm', limit: 1 });
  expect(records[0]?.entry.refs.release).toBe(second);
});
