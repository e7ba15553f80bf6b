import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGENT_TOOLSET, type SignedInClient, type TestServer, testServer } from '../testing/index.ts';
import { mcpRequest } from '../testing/mcp-client.ts';

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
let house: TestServer;
let analyst: SignedInClient;
beforeAll(async () => {
  house = await testServer({
    config: { mcp: { toolsets: [AGENT_TOOLSET] } },
  });
  analyst = await house.as('analyst');
});
afterAll(() => house?.close());

let people = 0;
/** Somebody whose session has read nothing. */
const somebody = () => house.addAccount(`agent-user-${++people}`, ['requester']);
const call = (who: SignedInClient, name: string, args: object, options = {}) =>
  mcpRequest(house.url, who.token, 'tools/call', { name, arguments: args }, options);
const note = (text = 'All is well.') => ({ case_id: 'CASE-1', note: text, evidence: [] });
const approve = async (id: string, verdict: 'approve' | 'deny' = 'approve') => {
  const lead = await house.as('lead');
  const shown = (await lead.get(`/v1/approvals/${id}`)).body;
  const { status, body } = await lead.post(`/v1/approvals/${id}/verdicts`, await house.verdict('lead', shown, verdict));
  expect(status, JSON.stringify(body)).toBe(201);
};
const publishing = () =>
  house.downstream.replyWith((_call, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ revision: 1, owner: 'team-a' })),
  );

describe('I4: the endpoint', () => {
  test('who has no token is told where to get one', async () => {
    const { status, headers } = await mcpRequest(house.url, null, 'tools/list');
    expect(status).toBe(401);
    const challenge = headers.get('www-authenticate') ?? '';
    expect(challenge).toMatch(
      /^Bearer resource_metadata="[^"]+\/\.well-known\/oauth-protected-resource\/mcp", scope="/,
    );
    const { body } = await house.anonymous.get('/.well-known/oauth-protected-resource/mcp');
    expect(body).toMatchObject({
      resource: 'http://127.0.0.1:7410/mcp',
      authorization_servers: ['http://127.0.0.1:7410'],
    });
  });

  test('lists declare_intent and the tools of the project, prefixed, for this caller alone', async () => {
    const { result } = await mcpRequest(house.url, analyst.token, 'tools/list');
    expect(result.tools.map(({ name }: { name: string }) => name)).toEqual([
      'declare_intent',
      'cases_drop_note',
      'cases_find_owner',
      'cases_find_secret_owner',
      'cases_keep_note',
      'cases_post_note',
      'cases_send_note',
    ]);
    expect(result).toMatchObject({ cacheScope: 'private' });
  });

  test('I4 INV1: a read goes through the gate, is recorded, and answers', async () => {
    publishing();
    const { result } = await call(analyst, 'cases_find_owner', { case_id: 'CASE-1' });
    expect(result).toMatchObject({ structuredContent: { owner: 'team-a' } });
    const proposal = result._meta['dev.portreeve/proposal'];
    const auditor = await house.as('auditor');
    const { body } = await auditor.get(`/v1/audit/records?type=proposal.submitted`);
    expect(JSON.stringify(body)).toContain(proposal);
  });
});

describe('I4: approvals', () => {
  test('a call that people must approve answers at once, and the same call goes on with it, once', async () => {
    publishing();
    const who = await somebody();
    const first = await call(who, 'cases_post_note', note());
    expect(first.result).toMatchObject({ isError: true, structuredContent: { status: 'pending_approval' } });
    const { approval_id, proposal_id } = first.result.structuredContent;
    const again = await call(who, 'cases_post_note', note());
    expect(again.result.structuredContent).toMatchObject({ approval_id, proposal_id });
    const before = house.downstream.calls.length;
    await approve(approval_id);
    const done = await call(who, 'cases_post_note', note());
    expect(done.result).toMatchObject({ structuredContent: { revision: 1 } });
    expect(done.result._meta['dev.portreeve/proposal']).toBe(proposal_id);
    expect(house.downstream.calls.length).toBe(before + 1);
    // What was told is over: the same again is another question to people.
    const another = await call(who, 'cases_post_note', note());
    expect(another.result.structuredContent.approval_id).not.toBe(approval_id);
    expect(house.downstream.calls.length).toBe(before + 1);
  });

  test('other arguments are another proposal, and another principal never resumes it', async () => {
    const [who, other] = [await somebody(), await somebody()];
    const first = await call(who, 'cases_post_note', note('one'));
    const second = await call(who, 'cases_post_note', note('two'));
    const theirs = await call(other, 'cases_post_note', note('one'));
    const ids = [first, second, theirs].map(({ result }) => result.structuredContent.approval_id);
    expect(new Set(ids).size).toBe(3);
  });

  test('a denied call says so', async () => {
    const who = await somebody();
    const { result } = await call(who, 'cases_post_note', note('denied'));
    await approve(result.structuredContent.approval_id, 'deny');
    expect((await call(who, 'cases_post_note', note('denied'))).result.structuredContent).toMatchObject({
      status: 'denied',
    });
  });

  test('a client with tasks gets a task, which is nobody else’s', async () => {
    publishing();
    const [who, other] = [await somebody(), await somebody()];
    const { result: task } = await call(who, 'cases_post_note', note('as a task'), { capabilities: TASKS });
    expect(task).toMatchObject({ resultType: 'task', status: 'working' });
    const get = (by: SignedInClient) =>
      mcpRequest(house.url, by.token, 'tasks/get', { taskId: task.taskId }, { capabilities: TASKS });
    expect((await get(who)).result).toMatchObject({ status: 'working', taskId: task.taskId });
    expect((await get(other)).error).toMatchObject({ code: -32602, message: 'There is no such task.' });
    await approve(/appr_[a-z0-9]+/.exec(task.statusMessage)![0]);
    expect((await get(who)).result).toMatchObject({
      status: 'completed',
      result: { structuredContent: { revision: 1 } },
    });
    expect((await get(who)).result).toMatchObject({ status: 'completed' });
  });

  test('F4: who asks never approves, so a client that could open an address gets a pending result', async () => {
    const who = await somebody();
    const { result } = await call(who, 'cases_post_note', note('url'), { capabilities: { elicitation: { url: {} } } });
    expect(result.structuredContent).toMatchObject({ status: 'pending_approval' });
  });
});

describe('D5: sessions', () => {
  const declared = (who: SignedInClient, calls: object[]) =>
    call(who, 'declare_intent', { task: 'Keep the note "All is well." in CASE-1.', calls });

  test('without an intent an effect waits for a person; with one it goes ahead', async () => {
    publishing();
    const [without, with_] = [await somebody(), await somebody()];
    expect((await call(without, 'cases_keep_note', note())).result.structuredContent).toMatchObject({
      status: 'pending_approval',
    });
    const { result } = await declared(with_, [{ tool: 'cases_keep_note', times: 1 }]);
    expect(result.structuredContent).toMatchObject({ state: 'open', calls: [{ tool: 'cases_keep_note', times: 1 }] });
    expect((await call(with_, 'cases_keep_note', note())).result).toMatchObject({ structuredContent: { revision: 1 } });
    expect((await call(with_, 'cases_keep_note', note('Another.'))).result.structuredContent).toMatchObject({
      status: 'pending_approval',
    });
  });

  test('what was read taints: nothing is declared afterwards', async () => {
    publishing();
    const who = await somebody();
    await call(who, 'cases_find_owner', { case_id: 'CASE-1' });
    const { result } = await declared(who, [{ tool: 'cases_keep_note', times: 1 }]);
    expect(result).toMatchObject({ isError: true, structuredContent: { code: 'conflict' } });
  });

  test('D5: private data, untrusted text and a way out in one session need a person, whatever was declared', async () => {
    publishing();
    const [open, both] = [await somebody(), await somebody()];
    for (const who of [open, both]) await declared(who, [{ tool: 'cases_send_note', times: 1 }]);
    await call(open, 'cases_find_owner', { case_id: 'CASE-1' });
    expect((await call(open, 'cases_send_note', note())).result).toMatchObject({ structuredContent: { revision: 1 } });
    await call(both, 'cases_find_secret_owner', { case_id: 'CASE-1' });
    const { result } = await call(both, 'cases_send_note', note());
    expect(result.structuredContent.status).toBe('pending_approval');
    const { body } = await (await house.as('lead')).get(`/v1/approvals/${result.structuredContent.approval_id}`);
    expect(JSON.stringify(body)).toContain('private_and_untrusted');
    // A tool that is not cleared for what was read is not even a question.
    expect((await call(both, 'cases_keep_note', note())).result.structuredContent.status).toBe('refused');
  });
});

describe('I4: POST /v1/proposals', () => {
  test('is the same way in: the same names, the same session, an idempotency key', async () => {
    publishing();
    const who = await somebody();
    const ask = (body: object, key?: string) =>
      who.post('/v1/proposals', body, key ? { 'idempotency-key': key } : undefined);
    const read = await ask({ tool: 'cases_find_owner', args: { case_id: 'CASE-1' } });
    expect(read).toMatchObject({ status: 201, body: { status: 'succeeded', result: { owner: 'team-a' } } });
    const first = await ask({ tool: 'cases_keep_note', args: note() }, 'one');
    expect(first.body).toMatchObject({ status: 'waiting' });
    expect((await ask({ tool: 'cases_keep_note', args: note() }, 'one')).body.id).toBe(first.body.id);
    expect((await ask({ tool: 'cases_keep_note', args: note('x') }, 'one')).body.code).toBe('idempotency_mismatch');
    expect((await who.get(`/v1/proposals/${first.body.id}`)).body).toMatchObject({ status: 'waiting' });
    expect((await (await somebody()).get(`/v1/proposals/${first.body.id}`)).status).toBe(404);
    expect((await ask({ tool: 'cases_nothing', args: {} })).status).toBe(404);
  });
});
