import { generateKeyPairSync, sign } from 'node:crypto';
import { verifyVerdict } from '@portreeve/approve';
import { type Evidence, type Provenance, type SignedVerdict, verdictBytes } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPROVERS, type ShownApproval, type SignedInClient, type TestServer, testServer } from '../testing/server.ts';

let house: TestServer;
let lead: SignedInClient;
/** Approvals that wait; each test takes one. */
let waiting: ShownApproval[];
beforeAll(async () => {
  house = await testServer();
  lead = await house.as('lead');
  await house.addAccount('both', ['requester', 'approver'], APPROVERS);
  await house.addAccount('second-lead', ['approver'], APPROVERS);
  await house.addAccount('stranger', ['approver'], ['other-leads']);
  const runs = await Promise.all([1, 2, 3].map(() => house.submit({ case_id: 'CASE-1' })));
  waiting = await Promise.all(runs.map((run) => house.approvalOf(run.id)));
});
afterAll(() => house?.close());

const send = (by: SignedInClient, verdict: SignedVerdict, approval = verdict.statement.approval) =>
  by.post(`/v1/approvals/${approval}/verdicts`, verdict);

async function refusal(by: string, verdict: SignedVerdict) {
  const { status, body } = await send(await house.as(by), verdict);
  const { records } = await house.server.services.audit.search({
    type: 'approval.refused_verdict',
    approval: verdict.statement.approval,
    limit: 1,
  });
  // Each refused verdict is on record, with who gave it and why it did not count.
  expect(records[0]).toMatchObject({ entry: { outcome: body.code }, payload: { actor_name: by } });
  return [status, body.code];
}

describe('what the approver is shown', () => {
  test('F3: exact arguments, where each came from, evidence, rationale, deciding rules, requester', async () => {
    const { body } = await lead.get(`/v1/approvals/${waiting[0]!.approval.id}`);
    expect(body).toMatchObject({
      approval: { state: 'pending', groups: APPROVERS, quorum: 1 },
      workflow: { name: 'case-note', tier: 'medium' },
      requester: { name: 'analyst' },
      tool: { name: 'publish_note', tier: 3, effect: 'external', reversible: false },
      args: { case_id: 'CASE-1' },
      rationale: 'A note on CASE-1 was asked for.',
      influence: { integrity: 'untrusted', confidentiality: 'internal' },
      decision: { outcome: 'approve' },
      digest: body.approval.proposal_digest,
    });
    const kinds = new Map(body.provenance.map((leaf: Provenance) => [leaf.path, leaf.kind]));
    expect(kinds.get('/case_id')).toBe('request');
    expect(kinds.get('/note')).toBe('model');
    expect(body.evidence.length).toBeGreaterThan(0);
    // D8: what the source does not declare has never left it.
    for (const item of body.evidence) expect(Object.keys(item.fields).sort()).toEqual(['at', 'message']);
    expect(body.args.evidence).toEqual(body.evidence.map((item: Evidence) => item.id));
    expect(JSON.stringify(body)).not.toContain('never declared');
  });
});

describe('F4 F5: a verdict that does not count', () => {
  test('by who asked, although an approver of the group', async () => {
    const run = await house.submit({ case_id: 'CASE-1' }, await house.as('both'));
    const shown = await house.approvalOf(run.id);
    const verdict = await house.verdict('both', shown, 'approve');
    expect(await refusal('both', verdict)).toEqual([403, 'approver_is_requester']);
    expect((await send(await house.as('second-lead'), await house.verdict('second-lead', shown, 'deny'))).status).toBe(
      201,
    );
  });

  test('by an approver of another group', async () => {
    const verdict = await house.verdict('stranger', waiting[0]!, 'approve');
    expect(await refusal('stranger', verdict)).toEqual([403, 'approver_not_eligible']);
  });

  test('in another person’s name', async () => {
    const verdict = await house.verdict('second-lead', waiting[0]!, 'approve');
    expect(await refusal('lead', verdict)).toEqual([403, 'bad_signature']);
  });

  test.each(['proposal_digest', 'proposal', 'decision'] as const)('on another %s', async (name) => {
    const [shown, another] = waiting as [ShownApproval, ShownApproval];
    const value = name === 'proposal_digest' ? `sha256:${'0'.repeat(64)}` : another.approval[name];
    const verdict = await house.verdict('lead', shown, 'approve', { [name]: value });
    expect(await refusal('lead', verdict)).toEqual([409, 'digest_mismatch']);
  });

  test('after the digest was altered on its way', async () => {
    const signed = await house.verdict('lead', waiting[0]!, 'deny');
    const altered = { ...signed, statement: { ...signed.statement, verdict: 'approve' as const } };
    expect(await refusal('lead', altered)).toEqual([403, 'bad_signature']);
  });

  test('with a key that is not registered', async () => {
    const { statement } = await house.verdict('lead', waiting[0]!, 'approve');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signature = sign(null, verdictBytes(statement), privateKey).toString('base64url');
    const verdict = { statement, public_key: publicKey.export({ format: 'jwk' }).x!, signature };
    expect(verifyVerdict(verdict)).toBe(true);
    expect(await refusal('lead', verdict)).toEqual([403, 'bad_signature']);
  });

  test('signed long ago', async () => {
    const signed_at = new Date(Date.now() - 3_600_000).toISOString();
    const verdict = await house.verdict('lead', waiting[0]!, 'approve', { signed_at });
    expect(await refusal('lead', verdict)).toEqual([403, 'bad_signature']);
  });

  test('sent to the address of another approval, or malformed', async () => {
    const verdict = await house.verdict('lead', waiting[0]!, 'approve');
    expect((await send(lead, verdict, waiting[1]!.approval.id)).body.code).toBe('bad_request');
    const short = { ...verdict, signature: verdict.signature.slice(1) };
    const { body } = await send(lead, short);
    expect(body).toMatchObject({ code: 'bad_request', errors: [{ path: 'signature' }] });
  });

  test('nothing of this closed an approval or called a tool', async () => {
    const { body } = await lead.get(`/v1/approvals/${waiting[0]!.approval.id}`);
    expect(body.approval).toMatchObject({ state: 'pending', verdicts: [] });
    expect(house.downstream.calls).toEqual([]);
  });
});

describe('a verdict that counts', () => {
  test('F5 F6: approved with a signature that verifies, carried out once, with a grant for exactly that', async () => {
    const shown = waiting[0]!;
    const verdict = await house.verdict('lead', shown, 'approve', { reason: 'as \u0000 read, \u202e all of it' });
    const { status, body } = await send(lead, verdict);
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: 'approved', verdicts: [verdict] });
    expect(verifyVerdict(body.verdicts[0])).toBe(true);

    // Twice, by the same and by another: it is closed.
    expect(await refusal('lead', verdict)).toEqual([409, 'approval_closed']);
    const late = await house.verdict('second-lead', shown, 'deny');
    expect(await refusal('second-lead', late)).toEqual([409, 'approval_closed']);

    const { args, run } = (await lead.get(`/v1/approvals/${shown.approval.id}`)).body;
    expect(await house.ended(run)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(house.downstream.calls).toHaveLength(1);
    const [call] = house.downstream.calls;
    expect(call).toMatchObject({ method: 'POST', path: '/cases/CASE-1/notes' });
    expect({ case_id: 'CASE-1', ...(call!.body as object) }).toEqual(args);
    expect(call!.headers['portreeve-grant']).toMatch(/^ey/);
    expect(call!.headers.authorization).toBeUndefined();

    const told = (await lead.get('/v1/notices')).body.notices;
    expect(told[0]).toMatchObject({ run, workflow: 'case-note', groups: APPROVERS });
    expect((await (await house.as('stranger')).get('/v1/notices')).body).toEqual({ notices: [], next: null });
    const page = (await lead.get('/v1/notices?limit=1')).body;
    expect(page).toEqual({ notices: [told[0]], next: told[0].decision });
    const rest = (await lead.get(`/v1/notices?limit=200&after=${page.next}`)).body;
    expect(rest).toEqual({ notices: told.slice(1), next: null });
  });

  test('F4: denied: nothing is called, and the run knows', async () => {
    const shown = waiting[1]!;
    const before = house.downstream.calls.length;
    expect((await send(lead, await house.verdict('lead', shown, 'deny'))).body.state).toBe('denied');
    const { run } = (await lead.get(`/v1/approvals/${shown.approval.id}`)).body;
    expect(await house.ended(run)).toMatchObject({ state: 'completed', result: { status: 'denied' } });
    expect(house.downstream.calls.length).toBe(before);
  });

  test('two verdicts at the same moment: one closes it, the other comes too late', async () => {
    const shown = waiting[2]!;
    const [yes, no] = await Promise.all([
      house.verdict('lead', shown, 'approve'),
      house.verdict('second-lead', shown, 'deny'),
    ]);
    const answers = await Promise.all([send(lead, yes), send(await house.as('second-lead'), no)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
    const { run } = (await lead.get(`/v1/approvals/${shown.approval.id}`)).body;
    await house.ended(run);
    const { records } = await house.server.services.audit.search({
      type: 'approval.closed',
      approval: shown.approval.id,
    });
    expect(records).toHaveLength(1);
  });
});

test('INV8: an outcome that is not known becomes a hand-off that a person closes', async () => {
  house.downstream.replyWith((_call, response) => response.destroy());
  const run = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(run.id);
  const before = house.downstream.calls.length;
  await send(lead, await house.verdict('lead', shown, 'approve'));
  expect(await house.ended(run.id)).toMatchObject({ result: { status: 'unknown' } });
  expect(house.downstream.calls.length).toBe(before + 1);

  const operator = await house.as('operator');
  const [handoff] = (await operator.get(`/v1/queue?run=${run.id}`)).body.handoffs;
  expect(handoff).toMatchObject({ kind: 'unknown_outcome', state: 'open', context: { tool: 'publish_note' } });
  expect(handoff.why).toMatch(/not known whether publish_note took effect/);
  const close = () => operator.post(`/v1/queue/${handoff.id}/finish`, { note: 'Looked: it is not there.' });
  expect((await close()).body).toMatchObject({ state: 'done' });
  expect((await close()).body.code).toBe('conflict');
  expect((await operator.get(`/v1/queue/${handoff.id}`)).body.state).toBe('done');
});
