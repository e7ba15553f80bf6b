import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asId } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { client } from '../testing/client.ts';
import { type Client, type TestServer, testServer, WORKFLOW } from '../testing/index.ts';
import { EVALUATIONS_MAX } from './authzen/messages.ts';

let house: TestServer;
/** A service account with the role `enforcer` and nothing else, by an API token as it would have. */
let point: Client;
beforeAll(async () => {
  house = await testServer({ config: { identity: { base_url: 'https://pdp.example.com' } } });
  const { identity } = house.server.services;
  const admin = await house.as('admin');
  const { body } = await admin.post('/v1/accounts', { name: 'gateway', kind: 'service', roles: ['enforcer'] });
  const token = await identity.createToken(
    { account: asId('principal', body.id), label: 'gateway', roles: ['enforcer'], ttl_minutes: 60 },
    await identity.authenticate(admin.token),
  );
  point = client(() => house.url, token.token);
});
afterAll(() => house?.close());

const analyst = { type: 'user', id: 'analyst' };
const admit = { action: { name: 'admit' }, resource: { type: 'workflow', id: WORKFLOW } };
const tool = (name: string, args: object) => ({
  action: { name: 'act' },
  resource: { type: 'tool', id: `${WORKFLOW}/${name}` },
  context: { args },
});
const lookUp = tool('look_up_owner', { case_id: 'CASE-1' });
const ask = (body: object, headers: Record<string, string> = {}) => point.post('/access/v1/evaluation', body, headers);
const askAll = (body: object) => point.post('/access/v1/evaluations', body);

describe('C9: access evaluation', () => {
  test.each<[string, object, boolean, string]>([
    ['starting a workflow', admit, true, 'permit'],
    ['a tool of tier 1', lookUp, true, 'permit'],
    [
      'a source',
      { action: { name: 'read' }, resource: { type: 'source', id: `${WORKFLOW}/case-events` } },
      true,
      'permit',
    ],
    [
      'an operation',
      { action: { name: 'runs.submit' }, resource: { type: 'operation', id: 'portreeve' } },
      true,
      'permit',
    ],
    [
      'another operation',
      { action: { name: 'audit.read' }, resource: { type: 'operation', id: 'portreeve' } },
      false,
      'refuse',
    ],
    [
      'a tool that needs a person',
      tool('publish_note', { case_id: 'CASE-1', note: 'x', evidence: [] }),
      false,
      'approve',
    ],
  ])('%s: %j', async (_, question, decision, outcome) => {
    const { status, body } = await ask({ subject: analyst, ...question });
    expect(status).toBe(200);
    expect(body).toMatchObject({ decision, context: { outcome, id: expect.stringMatching(/^dec_/) } });
    expect(body.context.reasons.length).toBeGreaterThan(0);
    expect(body.context.next).not.toBe('');
  });

  test('by id as by name, of the type that the account has, with the roles that it has', async () => {
    const { principal } = await house.as('analyst');
    expect((await ask({ subject: { type: 'person', id: principal.id }, ...admit })).body.decision).toBe(true);
    const lead = { type: 'user', id: 'lead' };
    expect((await ask({ subject: lead, ...admit })).body).toMatchObject({
      decision: false,
      context: { next: expect.stringContaining('requester') },
    });
  });

  test('roles, groups and approvals that the caller claims change nothing', async () => {
    const properties = { roles: ['requester', 'admin'], groups: ['note-leads'], act: [], kind: 'person' };
    const claimed = {
      subject: { type: 'user', id: 'lead', properties },
      action: { name: 'admit', properties },
      resource: { type: 'workflow', id: WORKFLOW, properties: { tier: 'low' } },
      context: { approval: { approvers: ['prn_x'], groups: ['note-leads'] }, environment: { freezes: [] } },
    };
    expect((await ask(claimed)).body).toMatchObject({ decision: false, context: { outcome: 'refuse' } });
  });

  test.each<[string, object, number, string]>([
    ['somebody unknown', { subject: { type: 'user', id: 'mallory' }, ...admit }, 404, 'unknown_subject'],
    [
      'another type than the account has',
      { subject: { type: 'service', id: 'analyst' }, ...admit },
      404,
      'unknown_subject',
    ],
    ['a type that is none', { subject: { type: 'toString', id: 'analyst' }, ...admit }, 404, 'unknown_subject'],
    [
      'another resource',
      { subject: analyst, ...admit, resource: { type: 'constructor', id: 'x' } },
      404,
      'unknown_resource',
    ],
    [
      'a workflow that is not loaded',
      { subject: analyst, ...admit, resource: { type: 'workflow', id: 'x' } },
      404,
      'unknown_resource',
    ],
    [
      'a workflow with a part',
      { subject: analyst, ...admit, resource: { type: 'workflow', id: `${WORKFLOW}/x` } },
      404,
      'unknown_resource',
    ],
    [
      'a tool without one',
      { subject: analyst, action: { name: 'act' }, resource: { type: 'tool', id: WORKFLOW } },
      404,
      'unknown_resource',
    ],
    ['a tool of another', { subject: analyst, ...tool('drop_all', {}) }, 404, 'unknown_resource'],
    ['another action', { subject: analyst, ...admit, action: { name: 'act' } }, 404, 'unknown_action'],
    [
      'an operation that is none',
      { subject: analyst, action: { name: 'api.change' }, resource: { type: 'operation', id: 'x' } },
      404,
      'unknown_action',
    ],
    [
      'arguments that the tool does not take',
      { subject: analyst, ...tool('look_up_owner', { case_id: 7 }) },
      400,
      'bad_arguments',
    ],
  ])('%s: no, and why', async (_, question, status, code) => {
    const { body } = await ask(question);
    expect(body).toMatchObject({
      decision: false,
      context: { id: null, outcome: 'refuse', reasons: [{ code }], error: { status } },
    });
  });

  test('C5: while everything is frozen the answer is no, as it would be at the gate', async () => {
    const operator = await house.as('operator');
    await operator.post('/v1/environment/freezes', { target: `workflow:${WORKFLOW}`, reason: 'a test' });
    expect((await ask({ subject: analyst, ...lookUp })).body).toMatchObject({
      decision: false,
      context: { reasons: [{ code: 'frozen' }] },
    });
    await operator.post('/v1/environment/thaws', { target: `workflow:${WORKFLOW}`, stage: 'lifted', reason: 'a test' });
  });

  test('INV1: nothing is called, granted or proposed by asking', async () => {
    const before = await house.server.services.audit.main.size();
    const called = house.downstream.calls.length;
    expect((await ask({ subject: analyst, ...lookUp })).body.decision).toBe(true);
    const { records } = await house.server.services.audit.search({
      order: 'oldest',
      after: String(before - 1),
      limit: 50,
    });
    expect(records.map(({ entry }) => entry.type)).toEqual(['authzen.evaluated']);
    expect(house.downstream.calls).toHaveLength(called);
  });

  test('G1: each request is on record by its own, without arguments', async () => {
    await ask({ subject: analyst, ...lookUp }, { 'x-request-id': 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716' });
    const { records } = await house.server.services.audit.search({ type: 'authzen.evaluated', limit: 1 });
    expect(records[0]).toMatchObject({
      entry: { actor: { kind: 'service' }, outcome: 'permit' },
      payload: { actor_name: 'gateway' },
    });
    expect(records[0]?.payload?.data).toEqual({
      semantic: null,
      request_id: 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716',
      evaluations: [
        {
          subject: analyst,
          action: 'act',
          resource: lookUp.resource,
          decision: true,
          outcome: 'permit',
          decision_id: expect.stringMatching(/^dec_/),
          codes: expect.any(Array),
          request_digest: expect.stringMatching(/^sha256:/),
        },
      ],
    });
  });
});

/** The examples of the standard, sections 6.1, 7.1 and 10.1, as it has them. */
const EXAMPLES = JSON.parse(
  readFileSync(fileURLToPath(new URL('./authzen/specification-examples.json', import.meta.url)), 'utf8'),
) as { name: string; path: string; body: { evaluations?: object[] } }[];

describe('C9: the messages of the specification', () => {
  test.each(EXAMPLES)('$name is understood, and nobody it names is known here', async ({ path, body }) => {
    const answer = await point.post(path, body);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const semantic = (body as { options?: { evaluations_semantic?: string } }).options?.evaluations_semantic;
    const answers = body.evaluations ? answer.body.evaluations : [answer.body];
    expect(answers).toHaveLength(semantic === 'deny_on_first_deny' ? 1 : (body.evaluations?.length ?? 1));
    for (const each of answers)
      expect(each).toMatchObject({ decision: false, context: { reasons: [{ code: 'unknown_subject' }] } });
    if (body.evaluations) expect(answer.body).not.toHaveProperty('decision');
  });

  test('defaults stand at the top, and an evaluation goes before them', async () => {
    const { body } = await askAll({
      subject: analyst,
      action: { name: 'admit' },
      evaluations: [
        { resource: admit.resource },
        { subject: { type: 'user', id: 'lead' }, resource: admit.resource },
        lookUp,
      ],
    });
    expect(body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual([true, false, true]);
  });

  test.each([
    ['execute_all', [true, false, true, false]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
    [undefined, [true, false, true, false]],
  ])('%s', async (evaluations_semantic, expected) => {
    const no = { ...admit, subject: { type: 'user', id: 'lead' } };
    const { body } = await askAll({
      subject: analyst,
      ...(evaluations_semantic ? { options: { evaluations_semantic, another_option: 'value' } } : {}),
      evaluations: [admit, no, lookUp, no],
    });
    expect(body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(expected);
  });

  test('without evaluations it is one evaluation', async () => {
    for (const evaluations of [undefined, []])
      expect(
        (await askAll({ subject: analyst, ...admit, ...(evaluations ? { evaluations } : {}) })).body,
      ).toMatchObject({
        decision: true,
        context: { outcome: 'permit' },
      });
  });

  test('what is wrong with one evaluation is an answer to that one', async () => {
    const { status, body } = await askAll({
      subject: analyst,
      evaluations: [admit, { action: { name: 'admit' } }, admit],
    });
    expect(status).toBe(200);
    expect(body.evaluations).toMatchObject([
      { decision: true },
      { decision: false, context: { reasons: [{ code: 'malformed' }], error: { status: 400 } } },
      { decision: true },
    ]);
  });

  test('the request’s identifier comes back, also with an error', async () => {
    const headers = { 'x-request-id': 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716' };
    for (const [body, status] of [
      [{ subject: analyst, ...admit }, 200],
      [{ nothing: true }, 400],
    ] as const) {
      const answer = await ask(body, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-request-id')).toBe(headers['x-request-id']);
    }
    expect((await ask({ subject: analyst, ...admit })).headers.get('x-request-id')).toBeNull();
    const stranger = await house.anonymous.post('/access/v1/evaluation', {}, headers);
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get('x-request-id')).toBe(headers['x-request-id']);
  });

  test('the metadata name the configured address, without a credential', async () => {
    const { status, body, headers } = await house.anonymous.get('/.well-known/authzen-configuration');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body).toEqual({
      policy_decision_point: 'https://pdp.example.com',
      access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation',
      access_evaluations_endpoint: 'https://pdp.example.com/access/v1/evaluations',
    });
  });
});

describe('C9: what is malformed, too much, or not for whoever asks', () => {
  test.each<[string, string, object]>([
    ['no subject', '/access/v1/evaluation', admit],
    ['a subject without an id', '/access/v1/evaluation', { ...admit, subject: { type: 'user' } }],
    ['a number for an id', '/access/v1/evaluation', { ...admit, subject: { type: 'user', id: 7 } }],
    ['an empty name', '/access/v1/evaluation', { ...admit, subject: analyst, action: { name: '' } }],
    ['a context that is a list', '/access/v1/evaluation', { ...admit, subject: analyst, context: [] }],
    ['properties that are text', '/access/v1/evaluation', { ...admit, subject: { ...analyst, properties: 'x' } }],
    [
      'an unknown semantic',
      '/access/v1/evaluations',
      { subject: analyst, evaluations: [admit], options: { evaluations_semantic: 'any' } },
    ],
    ['evaluations that are no list', '/access/v1/evaluations', { subject: analyst, evaluations: {} }],
    ['an evaluation that is text', '/access/v1/evaluations', { subject: analyst, evaluations: ['x'] }],
    ['too many', '/access/v1/evaluations', { subject: analyst, evaluations: Array(EVALUATIONS_MAX + 1).fill(admit) }],
    ['neither one nor several', '/access/v1/evaluations', {}],
  ])('%s: 400', async (_, path, body) => {
    const answer = await point.post(path, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request' });
    expect(answer.body.errors.length).toBeGreaterThan(0);
  });

  test('as many as are allowed are answered', async () => {
    const { status, body } = await askAll({ subject: analyst, evaluations: Array(EVALUATIONS_MAX).fill(admit) });
    expect(status).toBe(200);
    expect(body.evaluations).toHaveLength(EVALUATIONS_MAX);
  });

  test('a body larger than the route takes is refused', async () => {
    const answer = await ask({ subject: analyst, ...admit, context: { filler: 'x'.repeat(600 * 1024) } });
    expect(answer.status).toBe(413);
  });

  test('B1: an enforcement point may do nothing else', async () => {
    for (const path of ['/v1/runs', '/v1/approvals', '/v1/audit/records', '/v1/queue'])
      expect((await point.get(path)).status).toBe(403);
  });
});
