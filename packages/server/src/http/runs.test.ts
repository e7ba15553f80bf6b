import { type Approval, type AuditRecord, newId, type Run, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunEvent } from '../testing/client.ts';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

let house: TestServer;
let analyst: SignedInClient;
let other: SignedInClient;
let auditor: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  analyst = await house.as('analyst');
  auditor = await house.as('auditor');
  other = await house.addAccount('other-analyst', ['requester']);
});
afterAll(() => house?.close());

const LOOK_UP = { case_id: 'CASE-1', publish: false };
const task = (input: object, more: object = {}) => ({ workflow: WORKFLOW, input, ...more });

async function all(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const found: RunEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

describe('asking for a run', () => {
  test('A5: a refusal points to what the workflow may be used for, where its owners and the ways to ask stand', async () => {
    const operator = await house.as('operator');
    await operator.post('/v1/environment/freezes', { target: `workflow:${WORKFLOW}`, reason: 'a test' });
    const refused = await analyst.post('/v1/runs', task(LOOK_UP));
    await operator.post('/v1/environment/thaws', { target: `workflow:${WORKFLOW}`, stage: 'lifted', reason: 'a test' });
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'refused', acceptable_use: `/workflows/${WORKFLOW}#report`, next: expect.stringMatching(/\S/) },
    });
    const { workflows } = (await analyst.get('/v1/workflows')).body;
    expect(workflows.find(({ name }: { name: string }) => name === WORKFLOW)).toMatchObject({
      acceptable_use: expect.stringMatching(/\S/),
      // The paragraph that the refusal links to is there.
      acceptable_use_page: expect.arrayContaining([expect.objectContaining({ anchor: 'report' })]),
      owners: { escalation: expect.stringMatching(/\S/) },
    });
  });

  test('INV9: it is pinned to release, policy and requester, and comes to its end', async () => {
    const { status, body } = await analyst.post('/v1/runs', task(LOOK_UP));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      workflow: WORKFLOW,
      state: 'queued',
      input: LOOK_UP,
      policy_version: house.server.services.policy.version,
      release: house.server.services.workflows[0]!.release,
      principal: { id: analyst.principal.id, act: [{ id: `agent:${WORKFLOW}`, kind: 'agent' }] },
    });
    expect(await house.ended(body.id)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(house.downstream.calls.map((call) => `${call.method} ${call.path}`)).toContain('GET /cases/CASE-1/owner');
  });

  test('B2: a token that is limited to tools starts no workflow that may use others, and that is on record', async () => {
    const limit = { label: 'limited', roles: ['requester'], ttl_minutes: 5 };
    const use = async (tools: readonly string[]) => {
      const { body } = await analyst.post('/v1/tokens', { ...limit, tools });
      return house.anonymous.call('POST', '/v1/runs', {
        body: task(LOOK_UP),
        headers: { authorization: `Bearer ${body.token}` },
      });
    };
    const refused = await use(['something_else']);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'refused' });
    const { records } = await house.server.services.audit.search({
      type: 'api.refused',
      actor: analyst.principal.id,
      limit: 1,
    });
    expect(records[0]?.payload?.data).toMatchObject({ operation: 'runs.submit', code: 'refused' });
    const { definition } = house.server.services.workflows[0]!;
    expect((await use(definition.contract.scope.tools)).status).toBe(201);
  });

  test('I3: the same idempotency key and task give the same run, once', async () => {
    const headers = { 'idempotency-key': 'once-1' };
    const answers = await Promise.all([1, 2, 3].map(() => analyst.post('/v1/runs', task(LOOK_UP), headers)));
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    const ids = new Set(answers.map((answer) => answer.body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    await house.ended(id);
    const { records } = await house.server.services.audit.search({ run: id, type: 'run.submitted' });
    expect(records).toHaveLength(1);

    const another = await analyst.post('/v1/runs', task({ ...LOOK_UP, case_id: 'CASE-2' }), headers);
    expect([another.status, another.body.code]).toEqual([422, 'idempotency_mismatch']);
    const ofAnother = await other.post('/v1/runs', task(LOOK_UP), headers);
    expect(ofAnother.status).toBe(201);
    expect(ids.has(ofAnother.body.id)).toBe(false);
  });

  test.each(['', 'a b', '\u00fc', 'x'.repeat(201)])('the idempotency key %j is malformed', async (key) => {
    const { status, body } = await analyst.post('/v1/runs', task(LOOK_UP), { 'idempotency-key': key });
    expect([status, body.code]).toEqual([400, 'bad_request']);
  });

  test('a case that does not exist ends the run with a text for its requester', async () => {
    const { id } = await house.submit({ ...LOOK_UP, case_id: 'CASE-404' });
    const run = await house.ended(id);
    expect(run.state).toBe('failed');
    expect(run.ending).toMatch(/case-events.*CASE-404/);
  });
});

describe('following a run', () => {
  test('I3 G1: each record of the run comes once, in order, and the stream ends with the run', async () => {
    const { id } = await house.submit(LOOK_UP);
    const live = await all(analyst.events(id));
    const { body } = await auditor.get(`/v1/audit/records?run=${id}&order=oldest&limit=500`);
    expect(live.map((event) => event.id)).toEqual(body.records.map((record: AuditRecord) => record.entry.index));
    expect(live.map((event) => event.entry)).toEqual(body.records.map((record: AuditRecord) => record.entry));
    expect(live.map((event) => event.data)).toEqual(body.records.map((record: AuditRecord) => record.payload?.data));
    expect(live.map((event) => event.type)).toEqual([
      'run.submitted',
      'run.admitted',
      'source.read',
      'proposal.submitted',
      'decision.made',
      'decision.made',
      'grant.issued',
      'execution.intent',
      'execution.result',
      'run.ended',
    ]);
    // Afterwards the same story is told again, word for word.
    expect(await all(analyst.events(id))).toEqual(live);
  });

  test('`after` goes on where a client was cut off, without a gap and without a repeat', async () => {
    const { id } = await house.submit(LOOK_UP);
    const first: RunEvent[] = [];
    for await (const event of analyst.events(id)) {
      first.push(event);
      if (first.length === 3) break;
    }
    const rest = await all(analyst.events(id, first.at(-1)!.id));
    const whole = await all(analyst.events(id));
    expect([...first, ...rest]).toEqual(whole);
    expect(await all(analyst.events(id, whole.at(-2)!.id))).toEqual(whole.slice(-1));
  });

  test('a stream that is asked for behind the end of the run ends too', async () => {
    const { id } = await house.submit(LOOK_UP);
    const whole = await all(analyst.events(id));
    expect(await all(analyst.events(id, whole.at(-1)!.id))).toEqual([]);
  });

  test('a stream that fails breaks off, and does not look like the end', async () => {
    const { id } = await house.submit(LOOK_UP);
    await house.ended(id);
    const spy = vi.spyOn(house.server.services.audit.main, 'search').mockRejectedValueOnce(new Error('gone'));
    await expect(all(analyst.events(id))).rejects.toThrow();
    spy.mockRestore();
  });

  test('a waiting run is followed by several at once, each to its end', async () => {
    const { id } = await house.submit({ case_id: 'CASE-1' });
    const shown = await house.approvalOf(id);
    const followers = ['analyst', 'lead', 'operator'].map(async (name) => all((await house.as(name)).events(id)));
    const lead = await house.as('lead');
    await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, await house.verdict('lead', shown, 'deny'));
    const [first, ...others] = await Promise.all(followers);
    expect(first!.at(-1)).toMatchObject({ type: 'run.ended', data: { result: { status: 'denied' } } });
    for (const same of others) expect(same).toEqual(first);
  });
});

describe('B1: whose run it is', () => {
  test('a requester sees their own runs alone; to others a run does not exist', async () => {
    const { id } = await house.submit({ case_id: 'CASE-1' });
    const { approval } = await house.approvalOf(id);
    expect((await analyst.get(`/v1/runs/${id}`)).status).toBe(200);
    expect((await analyst.get(`/v1/approvals/${approval.id}`)).status).toBe(200);
    const unknown = newId('run', systemClock);
    for (const path of ['', '/events']) {
      const foreign = await other.get(`/v1/runs/${id}${path}`);
      const missing = await other.get(`/v1/runs/${unknown}${path}`);
      expect([foreign.status, foreign.body.code]).toEqual([404, 'not_found']);
      expect(foreign.body.detail.replace(id, '')).toBe(missing.body.detail.replace(unknown, ''));
    }
    const listed = (await other.get('/v1/runs?limit=200')).body.runs;
    expect(listed.every((run: Run) => run.principal.id === other.principal.id)).toBe(true);
    for (const name of ['lead', 'operator', 'auditor', 'admin'])
      expect((await (await house.as(name)).get(`/v1/runs/${id}`)).status).toBe(200);
  });

  test('nor does its approval, with its arguments and its evidence', async () => {
    const { id } = await house.submit({ case_id: 'CASE-1' });
    const { approval } = await house.approvalOf(id);
    const foreign = await other.get(`/v1/approvals/${approval.id}`);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'not_found']);
    expect((await other.get('/v1/approvals?limit=200')).body.approvals).toEqual([]);
    const ids = (await analyst.get('/v1/approvals?limit=200')).body.approvals.map((each: Approval) => each.id);
    expect(ids).toContain(approval.id);
  });
});

test('I3: lists come in pages that hold everything once', async () => {
  for (let n = 0; n < 3; n++) await other.post('/v1/runs', task(LOOK_UP));
  const whole = (await other.get('/v1/runs?limit=200')).body;
  expect(whole.next).toBeNull();
  const paged: string[] = [];
  for (let before = ''; ; ) {
    const { runs, next } = (await other.get(`/v1/runs?limit=2${before}`)).body;
    paged.push(...runs.map((run: Run) => run.id));
    if (next === null) break;
    before = `&before=${next}`;
  }
  expect(paged).toEqual(whole.runs.map((run: Run) => run.id));
});
