import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedInClient, type TestServer, testServer } from '../testing/server.ts';

let house: TestServer;
let operator: SignedInClient;
let lead: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  operator = await house.as('operator');
  lead = await house.as('lead');
});
afterAll(() => house?.close());

const freeze = (target: string) => operator.post('/v1/environment/freezes', { target, reason: 'a test' });
const thaw = (target: string, stage: string) =>
  operator.post('/v1/environment/thaws', { target, stage, reason: 'a test' });

test('C5: a freeze stops what waits for a verdict; a denial can still be given; after the thaw it goes on', async () => {
  const [first, second] = await Promise.all([1, 2].map(() => house.submit({ case_id: 'CASE-1' })));
  const shown = await house.approvalOf(first!.id);
  const other = await house.approvalOf(second!.id);
  expect((await freeze('tool:publish_note')).status).toBe(201);

  const verdict = await house.verdict('lead', shown, 'approve');
  const refused = await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
  expect(refused.status).toBe(423);
  expect(refused.body).toMatchObject({ code: 'frozen', detail: 'The tool is frozen.' });
  const { records } = await house.server.services.audit.search({
    type: 'approval.refused_verdict',
    approval: shown.approval.id,
  });
  expect(records[0]).toMatchObject({
    entry: { outcome: 'frozen', refs: { release: expect.stringMatching(/^sha256:/) } },
    payload: { actor_name: 'lead' },
  });

  const denial = await house.verdict('lead', other, 'deny');
  expect((await lead.post(`/v1/approvals/${other.approval.id}/verdicts`, denial)).status).toBe(201);
  await house.ended(second!.id);

  const before = house.downstream.calls.length;
  // Reads and low tiers first: this tool is of tier 3.
  expect((await thaw('tool:publish_note', 'high-tiers')).status).toBe(201);
  expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).status).toBe(423);
  expect(house.downstream.calls.length).toBe(before);
  expect((await thaw('tool:publish_note', 'lifted')).status).toBe(201);
  expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).status).toBe(201);
  expect((await house.ended(first!.id)).state).toBe('completed');
  expect(house.downstream.calls.length).toBe(before + 1);
});

test('C5: a frozen workflow admits no run, and says what lifts it', async () => {
  await freeze('workflow:case-note');
  const refused = await (await house.as('analyst')).post('/v1/runs', {
    workflow: 'case-note',
    input: { case_id: 'CASE-1' },
  });
  expect(refused.status).toBe(403);
  expect(refused.body.decision.reasons.map((reason: { code: string }) => reason.code)).toContain('frozen');
  expect(refused.body.next).toContain('thaw');
  await thaw('workflow:case-note', 'lifted');
});

test('C5: during a maintenance window an approval is not used up: the verdict waits, and goes through after it', async () => {
  const run = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(run.id);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const target = 'tool:publish_note';
  const planned = await operator.post('/v1/environment/maintenance', { target, until, reason: 'a move' });
  expect(planned.body).toMatchObject({ maintenance: [target], holds: [{ subject: `maintenance:${target}`, until }] });
  const verdict = await house.verdict('lead', shown, 'approve');
  const refused = await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
  expect(refused.status).toBe(423);
  expect(refused.body.detail).toContain('maintenance');
  const ended = await operator.post('/v1/environment/maintenance/end', { target, reason: 'done early' });
  expect(ended.body).toMatchObject({ maintenance: [], holds: [] });
  expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).status).toBe(201);
  expect((await house.ended(run.id)).state).toBe('completed');
});

test('C5: what holds, and how it came, can be seen by everybody; changing it needs the right and a reason', async () => {
  const seen = await (await house.as('auditor')).get('/v1/environment');
  expect(seen.body).toMatchObject({
    name: 'test',
    freezes: [],
    incident: false,
    maintenance: [],
    outages: [],
    holds: [],
  });
  expect(seen.body.history.find((each: { subject: string }) => each.subject.startsWith('freeze:'))).toMatchObject({
    subject: 'freeze:workflow:case-note',
    state: 'lifted',
    reason: 'a test',
  });
  expect((await lead.post('/v1/environment/freezes', { target: 'all', reason: 'x' })).status).toBe(403);
  expect((await operator.post('/v1/environment/freezes', { target: 'all', reason: ' ' })).status).toBe(400);
  expect((await operator.post('/v1/environment/freezes', { target: 'the world', reason: 'x' })).status).toBe(400);
  expect((await thaw('tool:never_frozen', 'lifted')).status).toBe(409);
});
