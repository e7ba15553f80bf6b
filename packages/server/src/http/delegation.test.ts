import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asId } from '@portreeve/contract';
import { ACCESS_TOKEN_TOKEN_TYPE, EXCHANGE_GRANT_TYPE, JWT_TOKEN_TYPE } from '@portreeve/identity';
import { decodeJwt, SignJWT } from '@portreeve/identity/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { client } from '../testing/client.ts';
import { type SignedInClient, type TestServer, testServer } from '../testing/server.ts';

/* A person lets an agent act for them; what the agent then does names both, and no right is gained. */

let house: TestServer;
let admin: SignedInClient;
let analyst: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  admin = await house.as('admin');
  analyst = await house.as('analyst');
});
afterAll(() => house?.close());

let made = 0;
const TOOLS = ['look_up_owner', 'publish_note'];
/** An active agent with an API token. */
async function agent(fields: object = {}) {
  made += 1;
  const registered = await admin.post('/v1/agents', {
    name: `note-agent-${made}`,
    owner: admin.principal.id,
    purpose: 'writes notes for analysts',
    roles: ['requester', 'operator'],
    tools: TOOLS,
    data: { confidentiality: 'internal' },
    review_by: new Date(Date.now() + 86_400_000).toISOString(),
    ...fields,
  });
  expect(registered.status, JSON.stringify(registered.body)).toBe(201);
  expect(registered.body.state).toBe('proposed');
  const { id } = registered.body;
  expect((await event(id, 'activate')).body.state).toBe('active');
  const token = await admin.post('/v1/tokens', {
    account: id,
    label: 'deployment',
    roles: ['requester'],
    ttl_minutes: 60,
  });
  expect(token.status).toBe(201);
  return { id: id as string, token: token.body.token as string };
}
const event = (id: string, name: string, more: object = {}) =>
  admin.post(`/v1/agents/${id}/events`, { event: name, reason: 'a test', ...more });

const form = (params: Record<string, string> | string, headers: Record<string, string> = {}) =>
  house.anonymous.call('POST', '/oauth/token', {
    raw: typeof params === 'string' ? params : new URLSearchParams(params).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
const params = (subject_token: string, actor_token: string, more: Record<string, string> = {}) => ({
  grant_type: EXCHANGE_GRANT_TYPE,
  subject_token,
  subject_token_type: subject_token.startsWith('ey') ? JWT_TOKEN_TYPE : ACCESS_TOKEN_TOKEN_TYPE,
  actor_token,
  actor_token_type: ACCESS_TOKEN_TOKEN_TYPE,
  ...more,
});
/** The agent acts for the analyst: leave given, exchanged, and a caller with the token that came of it. */
async function acting(
  by: { id: string; token: string },
  scope = `role:requester ${TOOLS.map((tool) => `tool:${tool}`).join(' ')}`,
) {
  const leave = await analyst.post('/v1/delegations', { agent: by.id, scope, ttl_s: 900 });
  expect(leave.status, JSON.stringify(leave.body)).toBe(201);
  const answer = await form(params(leave.body.token, by.token));
  expect(answer.status, answer.text).toBe(200);
  return { leave: leave.body, answer, by: client(() => house.url, answer.body.access_token) };
}
const lastRefusal = async () => {
  const { records } = await house.server.services.audit.search({ type: 'identity.refused', order: 'newest', limit: 1 });
  return records[0]?.payload?.data.reason;
};

describe('token exchange', () => {
  test('B4: a run that the agent submits for its user names both in its records', async () => {
    const robot = await agent();
    const { answer, by, leave } = await acting(robot);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      token_type: 'Bearer',
      issued_token_type: ACCESS_TOKEN_TOKEN_TYPE,
      expires_in: 300,
    });
    expect(decodeJwt(answer.body.access_token)).toMatchObject({
      iss: 'http://127.0.0.1:7410',
      sub: analyst.principal.id,
      client_id: robot.id,
      act: { sub: robot.id },
      environment: 'test',
    });
    expect((await by.get('/v1/session')).body).toMatchObject({
      via: 'access_token',
      principal: { id: analyst.principal.id, act: [{ id: robot.id, kind: 'agent' }] },
    });

    const run = await house.submit({ case_id: 'CASE-1', publish: false }, by);
    await house.ended(run.id);
    const { records } = await house.server.services.audit.search({ run: run.id, limit: 100 });
    const types = records.map(({ entry }) => entry.type);
    expect(types).toEqual(expect.arrayContaining(['run.submitted', 'decision.made', 'execution.intent']));
    for (const { entry } of records.filter(({ entry }) => entry.actor.kind !== 'system')) {
      expect(entry.actor.id, entry.type).toBe(analyst.principal.id);
      expect(
        entry.actor.act.map(({ id }) => id),
        entry.type,
      ).toContain(robot.id);
    }
    // The leave was good for one exchange.
    expect((await form(params(leave.token, robot.token))).body).toMatchObject({ error: 'invalid_request' });
    expect(await lastRefusal()).toBe('replayed');
  });

  test('B4: no right is gained, neither from the agent nor by asking', async () => {
    const robot = await agent();
    // The analyst is no operator, the agent is registered as one.
    const more = await analyst.post('/v1/delegations', { agent: robot.id, scope: 'role:operator' });
    expect(more).toMatchObject({ status: 403, body: { code: 'refused' } });
    const { by, answer } = await acting(robot, 'role:requester role:operator role:admin tool:look_up_owner');
    expect(answer.body.scope).toBe('role:requester tool:look_up_owner');
    expect((await by.get('/v1/queue')).status).toBe(403);
    expect((await by.get('/v1/agents')).status).toBe(403);
    // A tool that was not given is not used, although the analyst may use it.
    const run = await by.post('/v1/runs', { workflow: 'case-note', input: { case_id: 'CASE-1' } });
    expect(run).toMatchObject({ status: 403, body: { detail: expect.stringContaining('publish_note') } });
    // And nobody settles credentials through an agent.
    for (const [path, body] of [
      ['/v1/tokens', { label: 'x', roles: ['requester'], ttl_minutes: 5 }],
      ['/v1/delegations', { agent: robot.id, scope: 'role:requester' }],
    ] as const)
      expect(await by.post(path, body), path).toMatchObject({ status: 403, body: { code: 'refused' } });
    const again = await form(params(answer.body.access_token, answer.body.access_token));
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('B4: what is malformed is answered as RFC 6749 has it, and never as a problem', async () => {
    const robot = await agent();
    const good = params(analyst.token, robot.token);
    const cases: [string, Awaited<ReturnType<typeof form>>, string][] = [
      ['nothing', await form(''), 'unsupported_grant_type'],
      ['another grant', await form({ ...good, grant_type: 'client_credentials' }), 'unsupported_grant_type'],
      ['no actor', await form({ grant_type: EXCHANGE_GRANT_TYPE, subject_token: 'x' }), 'invalid_request'],
      ['a parameter twice', await form(`${new URLSearchParams(good)}&scope=a&scope=b`), 'invalid_request'],
      ['another target', await form({ ...good, audience: 'https://other.example' }), 'invalid_target'],
      ['a scope of another form', await form({ ...good, scope: 'everything' }), 'invalid_scope'],
      ['JSON', await form(JSON.stringify(good), { 'content-type': 'application/json' }), 'invalid_request'],
      ['no type', await form('x=1', { 'content-type': 'x' }), 'invalid_request'],
      ['too much', await form(`x=${'a'.repeat(70_000)}`), 'invalid_request'],
      ['many', await form(Array.from({ length: 40 }, (_, n) => `p${n}=1`).join('&')), 'invalid_request'],
      ['one many times', await form('a&'.repeat(30_000)), 'invalid_request'],
      ['an oversize token', await form({ ...good, subject_token: `ey${'a'.repeat(20_000)}` }), 'invalid_request'],
      ['a broken escape', await form('grant_type=%ff%zz&__proto__=1'), 'unsupported_grant_type'],
    ];
    for (const [name, answer, error] of cases) {
      expect([name, answer.status, answer.body.error]).toEqual([name, 400, error]);
      expect(Object.keys(answer.body).sort(), name).toEqual(['error', 'error_description']);
      expect(answer.headers.get('content-type'), name).toMatch(/^application\/json/);
      expect(answer.headers.get('cache-control'), name).toBe('no-store');
    }
    // No other route takes a form.
    const elsewhere = await analyst.call('POST', '/v1/runs', {
      raw: 'workflow=case-note',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(elsewhere).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });

  test('I3: the metadata name the endpoint and the keys (RFC 8414)', async () => {
    const { body } = await house.anonymous.get('/.well-known/oauth-authorization-server');
    expect(body).toEqual({
      issuer: 'http://127.0.0.1:7410',
      token_endpoint: 'http://127.0.0.1:7410/oauth/token',
      jwks_uri: 'http://127.0.0.1:7410/.well-known/jwks.json',
      grant_types_supported: [EXCHANGE_GRANT_TYPE],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['none'],
    });
  });
});

test('B6: a token of another environment is refused, also where the key and everything else fit', async () => {
  const { answer, by } = await acting(await agent());
  const [kept] = JSON.parse(await readFile(join(house.stateFolder, 'keys', 'access-tokens.json'), 'utf8'));
  const forged = (claims: object) =>
    new SignJWT({ ...decodeJwt(answer.body.access_token), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: kept.kid })
      .sign(createPrivateKey(kept.pem));
  expect((await by.get('/v1/session')).status).toBe(200);
  const same = client(() => house.url, await forged({}));
  expect((await same.get('/v1/session')).status).toBe(200);
  const staging = client(() => house.url, await forged({ environment: 'staging' }));
  expect((await staging.get('/v1/session')).status).toBe(401);
  expect(await lastRefusal()).toBe('environment');

  const { body } = await analyst.post('/v1/tokens', { label: 'swapped', roles: ['requester'], ttl_minutes: 5 });
  const own = client(() => house.url, body.token);
  expect((await own.get('/v1/session')).status).toBe(200);
  await house.server.services.database.pool.query(
    "UPDATE identity_tokens SET environment = 'production' WHERE id = $1",
    [body.id],
  );
  expect((await own.get('/v1/session')).status).toBe(401);
});

test('B2: a service’s token is rotated with overlap, listed with its last use, and flagged when nobody uses it', async () => {
  const service = (
    await admin.post('/v1/accounts', { name: 'nightly-job', kind: 'service', roles: ['requester'], groups: [] })
  ).body;
  const listed = await admin.get('/v1/accounts?kind=service&limit=200');
  expect(listed.body.accounts.map(({ name }: { name: string }) => name)).toEqual(['nightly-job']);
  const first = (
    await admin.post('/v1/tokens', { account: service.id, label: 'cron', roles: ['requester'], ttl_minutes: 600 })
  ).body;
  const old = client(() => house.url, first.token);
  expect((await old.get('/v1/session')).body).toMatchObject({ via: 'token', principal: { id: service.id } });
  const second = await admin.post(`/v1/tokens/${first.id}/rotate`, { overlap_minutes: 10 });
  expect(second.status).toBe(201);
  const fresh = client(() => house.url, second.body.token);
  for (const each of [old, fresh]) expect((await each.get('/v1/session')).status).toBe(200);
  expect((await admin.post(`/v1/tokens/${first.id}/rotate`, { overlap_minutes: 10 })).body.code).toBe('conflict');
  // The overlap is over.
  await house.server.services.database.pool.query('UPDATE identity_tokens SET expires_at = now() WHERE id = $1', [
    first.id,
  ]);
  expect((await old.get('/v1/session')).status).toBe(401);
  expect((await fresh.get('/v1/session')).status).toBe(200);

  const tokens = async (by: SignedInClient, query = `?account=${service.id}`) => by.get(`/v1/tokens${query}`);
  const { body } = await tokens(admin);
  expect(body.tokens).toMatchObject([
    { id: first.id, replaced_by: second.body.id, unused: false },
    { id: second.body.id, replaced_by: null, unused: false, last_used_at: expect.any(String) },
  ]);
  expect(JSON.stringify(body)).not.toMatch(/secret|prt_/);
  expect((await tokens(analyst)).body.code).toBe('not_found');
  await house.server.services.database.pool.query(
    "UPDATE identity_tokens SET created_at = now() - interval '40 days', last_used_at = now() - interval '31 days' WHERE id = $1",
    [second.body.id],
  );
  expect((await tokens(admin)).body.tokens[1]).toMatchObject({ unused: true });
  expect((await admin.get('/v1/tokens/unused')).body.tokens.map(({ id }: { id: string }) => id)).toEqual([
    second.body.id,
  ]);
  expect((await admin.get('/v1/tokens/unused?unused_days=35')).body.tokens).toEqual([]);
  expect((await analyst.get('/v1/tokens/unused')).status).toBe(403);
});

test('B1: an administrator ends all of an account’s sessions, and with them what agents hold for it', async () => {
  const leaver = await house.addAccount('leaver', ['requester']);
  const robot = await agent();
  const leave = (await leaver.post('/v1/delegations', { agent: robot.id, scope: 'role:requester' })).body;
  const by = client(() => house.url, (await form(params(leave.token, robot.token))).body.access_token);
  expect((await by.get('/v1/session')).status).toBe(200);
  expect((await analyst.get(`/v1/sessions?account=${leaver.principal.id}`)).body.code).toBe('not_found');
  const { body } = await admin.get(`/v1/sessions?account=${leaver.principal.id}`);
  expect(body.sessions).toHaveLength(1);
  expect((await analyst.call('DELETE', `/v1/sessions/${body.sessions[0].id}`)).body.code).toBe('not_found');
  expect((await analyst.call('DELETE', `/v1/accounts/${leaver.principal.id}/sessions`)).status).toBe(403);
  expect((await admin.call('DELETE', `/v1/accounts/${leaver.principal.id}/sessions`)).body).toEqual({ ended: 1 });
  for (const each of [leaver, by]) expect((await each.get('/v1/session')).status).toBe(401);
});

describe('the end of an agent', () => {
  /** An agent with a token, an approval that waits and a grant that nobody has used. */
  async function withHoldings() {
    const robot = await agent();
    const { by } = await acting(robot);
    const run = await house.submit({ case_id: 'CASE-1' }, by);
    const { approval } = await house.approvalOf(run.id);
    const grant = `grt_unused${made}`;
    const { pool } = house.server.services.database;
    // As the gate leaves it between issuing and using.
    await pool.query(
      `INSERT INTO proposals (id, run, workflow, tool, digest, state, body, decision, "grant", principals)
       SELECT $1, NULL, workflow, tool, digest, 'granted', body, decision, $2, principals FROM proposals WHERE id = $3`,
      [`prop_unused${made}`, grant, approval.proposal],
    );
    await pool.query(
      `INSERT INTO grants (id, proposal, proposal_digest, args_digest, audience, state, issued_at, expires_at)
       VALUES ($1, $2, 'd', 'd', 'a', 'issued', now(), now() + interval '5 minutes')`,
      [grant, `prop_unused${made}`],
    );
    const left = async () => ({
      approval: (await house.server.services.approvals.get(approval.id))?.state,
      grant: (await pool.query('SELECT state FROM grants WHERE id = $1', [grant])).rows[0].state,
      token: (await client(() => house.url, robot.token).get('/v1/session')).status,
      acting: (await by.get('/v1/session')).status,
    });
    return { robot, run, approval, grant, left };
  }
  const HELD = { approval: 'pending', grant: 'issued', token: 200, acting: 200 };
  const GONE = { approval: 'withdrawn', grant: 'revoked', token: 401, acting: 401 };

  test('B5: retired while it holds a token, a grant and an approval: all gone, with one change, on record', async () => {
    const { robot, run, approval, grant, left } = await withHoldings();
    expect(await left()).toEqual(HELD);
    const { audit } = house.server.services;
    const before = (await audit.main.size()) - 1;
    expect((await event(robot.id, 'retire')).body.state).toBe('retired');
    expect(await left()).toEqual(GONE);

    const page = await audit.search({ order: 'oldest', after: String(before), limit: 100 });
    const of = (type: string) => page.records.filter(({ entry }) => entry.type === type);
    const held = of('identity.holdings_revoked');
    expect(held.map(({ payload }) => payload?.data)).toEqual([
      { agent: robot.id, approvals: [approval.id], grants: [grant] },
    ]);
    expect(of('approval.closed')[0]?.payload?.data).toEqual({ state: 'withdrawn', by: 'revocation' });
    expect(of('environment.changed')[0]?.payload?.data).toMatchObject({ subject: `freeze:principal:${robot.id}` });
    expect(of('identity.agent_changed')[0]?.payload?.data).toMatchObject({
      to: 'retired',
      tokens_revoked: [expect.any(String)],
    });
    for (const type of ['identity.holdings_revoked', 'approval.closed', 'identity.agent_changed'])
      expect(of(type)[0]?.entry.actor.id, type).toBe(admin.principal.id);
    // Its run is told, and ends.
    expect((await house.ended(asId('run', run.id))).state).not.toBe('waiting');
    expect((await event(robot.id, 'reinstate')).body.code).toBe('conflict');
  });

  test('B5 INV3: where one part cannot be recorded, nothing of it happens', async () => {
    const { robot, left } = await withHoldings();
    const { pool } = house.server.services.database;
    await pool.query(`CREATE FUNCTION stop_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'no'; END $$`);
    await pool.query('CREATE TRIGGER stop_it BEFORE UPDATE ON grants FOR EACH ROW EXECUTE FUNCTION stop_it()');
    try {
      expect((await event(robot.id, 'retire')).status).toBe(500);
    } finally {
      await pool.query('DROP TRIGGER stop_it ON grants');
      await pool.query('DROP FUNCTION stop_it');
    }
    expect(await left()).toEqual(HELD);
    expect((await admin.get(`/v1/agents/${robot.id}`)).body.state).toBe('active');
    await event(robot.id, 'retire');
    expect(await left()).toEqual(GONE);
  });

  test('B5: suspended by hand it loses them too, and acts again only with new tokens once it is reinstated', async () => {
    const { robot, left } = await withHoldings();
    await event(robot.id, 'suspend');
    expect(await left()).toEqual(GONE);
    const freezes = async () => (await admin.get('/v1/environment')).body.freezes as string[];
    expect(await freezes()).toContain(`principal:${robot.id}`);
    await event(robot.id, 'reinstate');
    expect(await freezes()).not.toContain(`principal:${robot.id}`);
    // Its API token is good again; what it held for its user, and the approval, stay gone.
    expect(await left()).toEqual({ ...GONE, token: 200 });
    // What was issued within the second of a revocation is refused with it: the next second's token is good.
    const { by } = await vi.waitFor(() => acting(robot), { timeout: 5000, interval: 100 });
    const run = await house.submit({ case_id: 'CASE-1', publish: false }, by);
    expect((await house.ended(run.id)).state).toBe('completed');
  });

  test('C5: a freeze that a person put on it outlasts a reinstatement', async () => {
    const robot = await agent();
    const operator = await house.as('operator');
    const target = `principal:${robot.id}`;
    const freezes = async () => (await admin.get('/v1/environment')).body.freezes as string[];
    await operator.post('/v1/environment/freezes', { target, reason: 'looked odd' });
    await event(robot.id, 'suspend');
    await event(robot.id, 'reinstate');
    expect(await freezes()).toContain(target);
    await operator.post('/v1/environment/thaws', { target, stage: 'lifted', reason: 'it was nothing' });
    await event(robot.id, 'suspend');
    await event(robot.id, 'reinstate');
    expect(await freezes()).not.toContain(target);
  });

  test('B5: a review that is overdue suspends it, with what it holds', async () => {
    const { robot, left } = await withHoldings();
    await house.server.services.database.pool.query(
      "UPDATE identity_agents SET review_by = now() - interval '1 second' WHERE id = $1",
      [robot.id],
    );
    expect(await house.server.services.identity.reviewDue()).toEqual([robot.id]);
    expect(await left()).toEqual(GONE);
    expect((await admin.get(`/v1/agents/${robot.id}`)).body.state).toBe('suspended');
    const { records } = await house.server.services.audit.search({
      type: 'identity.agent_changed',
      order: 'newest',
      limit: 1,
    });
    expect(records[0]).toMatchObject({ entry: { actor: { kind: 'system' } }, payload: { data: { event: 'lapse' } } });
    const review_by = new Date(Date.now() + 86_400_000).toISOString();
    expect((await event(robot.id, 'reinstate', { review_by })).body.state).toBe('active');
  });
});
