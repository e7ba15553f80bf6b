import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPROVERS, type ShownApproval, type SignedInClient, type TestServer, testServer } from '../testing/server.ts';

let house: TestServer;
let lead: SignedInClient;
let analyst: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  lead = await house.as('lead');
  analyst = await house.as('analyst');
});
afterAll(() => house?.close());

const waiting = async (by = analyst): Promise<ShownApproval> =>
  house.approvalOf((await house.submit({ case_id: 'CASE-1' }, by)).id);
const asked = async (by = analyst): Promise<ShownApproval> =>
  house.approvalOf((await house.submit({ case_id: 'ASK-1', publish: false }, by)).id);

describe('F4: recall', () => {
  test('who asked takes it back before it is used; then nothing is done, and no verdict counts', async () => {
    const shown = await waiting();
    const path = `/v1/approvals/${shown.approval.id}/withdraw`;
    expect((await lead.post(path)).status).toBe(403);
    const calls = house.downstream.calls.length;
    expect((await analyst.post(path)).body).toMatchObject({ state: 'withdrawn' });
    expect((await analyst.post(path)).body.code).toBe('approval_closed');
    const verdict = await house.verdict('lead', shown, 'approve');
    expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).body.code).toBe('approval_closed');
    const { run } = (await lead.get(`/v1/approvals/${shown.approval.id}`)).body;
    expect(await house.ended(run)).toMatchObject({ result: { status: 'denied' } });
    expect(house.downstream.calls.length).toBe(calls);
  });
});

describe('F4: two rules that ask different groups', () => {
  test('are met each by itself: the first voice closes nothing, and with both it is done', async () => {
    const officer = await house.addAccount('privacy-officer', ['approver'], ['privacy']);
    const { id } = await house.submit({ case_id: 'ASK-2', publish: false }, analyst);
    const shown = await house.approvalOf(id);
    expect(shown.approval.demands).toEqual([
      { groups: [...APPROVERS], quorum: 1 },
      { groups: ['privacy'], quorum: 1 },
    ]);
    const path = `/v1/approvals/${shown.approval.id}`;
    expect((await lead.post(`${path}/verdicts`, await house.verdict('lead', shown, 'approve'))).body.state).toBe(
      'pending',
    );
    const given = await house.verdict('privacy-officer', shown, 'approve');
    expect((await officer.post(`${path}/verdicts`, given)).body.state).toBe('approved');
    expect(await house.ended(id)).toMatchObject({ state: 'completed' });
    const [asked] = (await house.server.services.audit.search({ type: 'approval.requested', run: id })).records;
    expect(asked?.payload?.data).toMatchObject({ demands: shown.approval.demands });
  });
});

describe('F4: another decides in one\u2019s place', () => {
  test('the stand-in sees it among theirs, decides, and the record says in whose place', async () => {
    const other = await house.addAccount('stand-in', ['approver'], ['other-leads']);
    const shown = await waiting();
    const mine = async () =>
      (await other.get('/v1/approvals?mine=true&state=pending')).body.approvals.map(({ id }: { id: string }) => id);
    expect(await mine()).not.toContain(shown.approval.id);
    const body = {
      delegate: other.principal.id,
      groups: APPROVERS,
      until: new Date(Date.now() + 3_600_000).toISOString(),
      reason: 'leave',
    };
    expect((await analyst.post('/v1/approval-delegations', body)).status).toBe(403);
    const made = await lead.post('/v1/approval-delegations', body);
    expect(made.status).toBe(201);
    expect(await mine()).toContain(shown.approval.id);
    const verdict = await house.verdict('stand-in', shown, 'deny');
    expect((await other.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).body.state).toBe('denied');
    const { records } = await house.server.services.audit.search({
      type: 'approval.stood_in',
      approval: shown.approval.id,
    });
    expect(records[0]?.payload?.data).toEqual({ in_place_of: lead.principal.id, verdict: 'deny' });
    expect((await other.call('DELETE', `/v1/approval-delegations/${made.body.id}`)).status).toBe(200);
    expect((await lead.get('/v1/approval-delegations')).body.delegations[0].ended_at).not.toBeNull();
  });
});

describe('F4: many alike at once', () => {
  const send = async (shown: readonly ShownApproval[], by = 'lead') => {
    const verdicts = await Promise.all(shown.map((each) => house.verdict(by, each, 'approve')));
    return (await house.as(by)).post('/v1/approvals/batch', { verdicts });
  };

  test('the same low-tier action of the same requester: each is signed, and each counts', async () => {
    const shown = [await asked(), await asked(), await asked()];
    const { status, body } = await send(shown);
    expect(status).toBe(200);
    expect(body.results.map(({ state }: { state: string }) => state)).toEqual(['approved', 'approved', 'approved']);
    const again = await send(shown.slice(0, 2));
    expect(again.body.results).toMatchObject([{ state: null, code: 'approval_closed' }, { code: 'approval_closed' }]);
  });

  test('not across requesters, not for a higher tier, and none twice', async () => {
    const both = await house.addAccount('second-analyst', ['requester']);
    const [one, theirs, high, other] = [await asked(), await asked(both), await waiting(), await waiting()];
    expect((await send([one, theirs])).body).toMatchObject({ code: 'refused' });
    expect((await send([high, other])).body).toMatchObject({ code: 'refused' });
    expect((await send([one, one])).body.code).toBe('bad_request');
    for (const { approval } of [one, theirs, high, other])
      expect((await lead.get(`/v1/approvals/${approval.id}`)).body.approval).toMatchObject({
        state: 'pending',
        verdicts: [],
      });
  });
});

describe('F3: a reason in words for high tiers', () => {
  test('the server asks for it of every client, before a passkey signs and with a signed verdict', async () => {
    const shown = await waiting();
    expect(shown.approval.reason_chars_min).toBe(10);
    const path = `/v1/approvals/${shown.approval.id}`;
    for (const verdict of ['approve', 'deny'] as const) {
      const mute = await house.verdict('lead', shown, verdict, { reason: 'fine.' });
      expect(await lead.post(`${path}/verdicts`, mute)).toMatchObject({
        status: 400,
        body: { code: 'reason_required' },
      });
      const wish = {
        verdict,
        reason: '',
        proposal_digest: shown.digest,
        preview_digest: shown.approval.preview_digest,
      };
      expect((await lead.post(`${path}/challenges`, wish)).body.code).toBe('reason_required');
    }
    expect((await lead.get(path)).body.approval).toMatchObject({ state: 'pending', verdicts: [] });
    const said = await house.verdict('lead', shown, 'deny', { reason: 'The case is not closed.' });
    expect((await lead.post(`${path}/verdicts`, said)).body.state).toBe('denied');
  });
});

describe('F4: amend', () => {
  test('a reviewer proposes other arguments; the run goes on with them once another has approved', async () => {
    const second = await house.addAccount('second-lead', ['approver'], APPROVERS);
    const shown = await waiting();
    const path = `/v1/approvals/${shown.approval.id}`;
    const { run } = (await lead.get(path)).body;
    const args = { ...shown.args, note: 'One host signed in.' };
    const body = { args, reason: 'It names a person.', proposal_digest: shown.digest };
    expect((await analyst.post(`${path}/amendments`, body)).status).toBe(403);
    expect(
      (await lead.post(`${path}/amendments`, { ...body, proposal_digest: `sha256:${'0'.repeat(64)}` })).body.code,
    ).toBe('digest_mismatch');
    expect((await lead.post(`${path}/amendments`, { ...body, args: { nothing: 1 } })).body.code).toBe('bad_input');
    const asked = await lead.post(`${path}/amendments`, body);
    expect(asked).toMatchObject({ status: 201, body: { state: 'pending' } });
    const before = (await lead.get(path)).body;
    const after = (await lead.get(`/v1/approvals/${asked.body.id}`)).body;
    expect(before).toMatchObject({ approval: { state: 'amended' }, amended_by: asked.body.id, amends: null });
    expect(after).toMatchObject({
      args,
      run,
      amended_by: null,
      amends: { approval: shown.approval.id, asked: shown.args, by: [lead.principal.id] },
    });
    expect(after.arguments).toContainEqual(
      expect.objectContaining({ path: '/note', kind: 'reviewer', origins: [lead.principal.id] }),
    );
    const decided = `/v1/approvals/${asked.body.id}/verdicts`;
    expect((await lead.post(decided, await house.verdict('lead', after, 'approve'))).body.code).toBe(
      'approver_is_requester',
    );
    house.downstream.replyWith((_call, response) =>
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":1}'),
    );
    expect((await second.post(decided, await house.verdict('second-lead', after, 'approve'))).body.state).toBe(
      'approved',
    );
    expect(await house.ended(run)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(JSON.stringify(house.downstream.calls.at(-1))).toContain('One host signed in.');
    const { records } = await house.server.services.audit.search({
      type: 'approval.amended',
      approval: shown.approval.id,
    });
    expect(records[0]?.payload?.data).toMatchObject({ approval: asked.body.id, reason: 'It names a person.' });
  });
});

describe('F4: the acting user confirms', () => {
  test('who it is done for signs it, without the role of an approver; nobody else can, and it is no verdict', async () => {
    const owner = await house.addAccount('owner', ['requester'], []);
    const shown = await house.approvalOf((await house.submit({ case_id: 'OWN-1', publish: false }, owner)).id);
    expect(shown.approval).toMatchObject({ confirm_by: owner.principal.id, quorum: 0, groups: [] });
    const path = `/v1/approvals/${shown.approval.id}`;
    const mine = async (who: SignedInClient) =>
      (await who.get('/v1/approvals?mine=true&state=pending')).body.approvals.map(({ id }: { id: string }) => id);
    expect(await mine(owner)).toContain(shown.approval.id);
    expect(await mine(lead)).not.toContain(shown.approval.id);
    const own = await house.verdict('owner', shown, 'confirm');
    const theirs = await house.verdict('lead', shown, 'confirm');
    expect((await owner.post(`${path}/verdicts`, own)).status).toBe(403);
    expect((await lead.post(`${path}/verdicts`, theirs)).body.code).toBe('bad_request');
    expect((await lead.post(`${path}/confirmations`, theirs)).status).toBe(403);
    expect((await lead.post(`${path}/verdicts`, await house.verdict('lead', shown, 'approve'))).body.code).toBe(
      'approver_not_eligible',
    );
    const other = await house.addAccount('other-owner', ['requester'], []);
    expect(
      (await other.post(`${path}/confirmations`, await house.verdict('other-owner', shown, 'confirm'))).body.code,
    ).toBe('approver_not_eligible');
    expect((await owner.post(`${path}/confirmations`, await house.verdict('owner', shown, 'approve'))).body.code).toBe(
      'bad_request',
    );
    expect((await owner.get(`/approve/${shown.approval.id}`)).status).toBe(200);
    const calls = house.downstream.calls.length;
    expect((await owner.post(`${path}/confirmations`, own)).body.state).toBe('approved');
    const run = (await lead.get(path)).body.run;
    await house.ended(run);
    expect(house.downstream.calls).toHaveLength(calls + 1);
  });
});
