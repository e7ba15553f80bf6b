import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuditRecord,
  asId,
  PortreeveError,
  type Principal,
  problemSchema,
  RECORD_TYPE_NAMES,
  type RecordType,
  ROLES,
  type Role,
} from '@portreeve/contract';
import { OPERATION_IDS, OPERATIONS, type Operation } from '@portreeve/policy';
import {
  AGENT_TOOLSET,
  addOwners,
  OUTSIDE_THE_TABLE,
  type Route,
  routes,
  servedRoutes,
  type TestServer,
  testServer,
} from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ACCOUNT_BY_ROLE, INPUTS, otherBundle, shop } from './api-coverage.inputs.ts';
import { ROOT } from './repository.ts';

/** Routes that need no credential, each with its reason. This list only shrinks. */
const PUBLIC: Readonly<Record<string, string>> = {
  'GET /healthz': 'says that a process answers, to whoever watches it',
  'GET /readyz': 'says that the database answers, and whether the model is simulated',
  'GET /.well-known/jwks.json': 'public keys: systems downstream verify grants with them (RFC 7517)',
  'GET /.well-known/authzen-configuration': 'addresses, which a client needs before it has a credential (AuthZEN 1.0)',
  'GET /v1/sign-in': 'what the page that signs people in must know: it is the same for everybody',
  'POST /v1/session': 'signing in with a browser: the session is a cookie; from a page of this server alone',
  'POST /v1/sessions': 'signing in is how a credential comes about',
  'GET /v1/oidc/:provider/begin': 'signing in at an identity provider begins here; limited by address',
  'GET /v1/oidc/:provider/callback': 'and ends here, with what the provider and this browser bring',
  'POST /oauth/token': 'the credentials are in the request: a subject’s and an agent’s token (RFC 8693)',
  'GET /.well-known/oauth-protected-resource/mcp':
    'where a client gets a token: it is the same for everybody (RFC 9728)',
  'GET /.well-known/oauth-authorization-server': 'where tokens are exchanged: it is the same for everybody (RFC 8414)',
};
/** Addresses that are not in the table at all. */
const OUTSIDE: Readonly<Record<string, string>> = {
  'GET /openapi.json': 'the description of the API: it is the same for everybody and changes nothing',
};
/** Operations of whoever is signed in, whatever their roles. This list only shrinks. */
const OF_EVERYBODY = [
  'environment.read',
  'notices.read',
  'session.end',
  'session.read',
  'system.read',
  'tokens.revoke',
  'workflows.list',
];

const nameOf = ({ method, url }: Pick<Route, 'method' | 'url'>): string => `${method} ${url}`;
const guarded = routes.filter((route) => route.operation !== 'public');

/** The reviewed file of who may do what, read as it is printed. */
function reviewedRoles(operation: string): Role[] {
  const lines = readFileSync(join(ROOT, 'packages/policy/baseline/matrix.txt'), 'utf8').split('\n');
  const columns = lines.find((line) => line.trimStart().startsWith('(no role)'))!;
  const row = lines.find((line) => line.split(/\s+/)[0] === operation);
  if (!row) throw new Error(`matrix.txt has no row ${operation}`);
  return ROLES.filter((role) => row.slice(columns.indexOf(role)).startsWith('yes'));
}

let house: TestServer;
beforeAll(async () => {
  house = await testServer({
    config: {
      // New runs take what is in production, so that a release can be rolled back to.
      releases: { active: 'promoted', keys: [(await shop()).key] },
      mcp: { toolsets: [AGENT_TOOLSET] },
      systems: { chat: { url: 'https://chat.example' } },
      notifications: { channels: [{ kind: 'slack', name: 'chat', system: 'chat', webhook: 'no-such-secret' }] },
    },
  });
  // No local account has this role: it is for systems.
  await house.addAccount('enforcer', ['enforcer']);
  await addOwners(house);
  for (const bundle of [await otherBundle(), await (await shop()).build()])
    await (await shop()).intoProduction(house, bundle);
}, 240_000);
afterAll(async () => {
  await house?.close();
  await (await shop()).close();
});

const NOBODY_IN_PARTICULAR: Principal = {
  id: asId('principal', 'prn_probe'),
  kind: 'person',
  name: 'probe',
  roles: [],
  groups: [],
  act: [],
};

/** Whether the policy that is in force lets somebody with these roles. */
function permits(operation: string, roles: Role[]): boolean {
  const { policy, environment } = house.server.services;
  const principal = { ...NOBODY_IN_PARTICULAR, roles };
  return policy.decide({ kind: 'api', principal, operation, environment: environment.facts() }).outcome === 'permit';
}

const permittedRoles = (operation: string): Role[] => ROLES.filter((role) => permits(operation, [role]));

/** Calls, and gives what was put on record meanwhile by this caller (or, for a stranger, by nobody). */
async function recordsOf(actor: string, call: () => Promise<{ status: number; body: unknown; headers: Headers }>) {
  const { audit } = house.server.services;
  const before = await audit.main.size();
  const answer = await call();
  const records: AuditRecord[] = [];
  for (let after: string | null = String(before - 1); after !== null; ) {
    const page = await audit.search({ after, order: 'oldest', limit: 500 });
    records.push(...page.records);
    after = page.next;
  }
  return { answer, records: records.filter((record) => record.entry.actor.id === actor) };
}

function expectProblem(answer: { status: number; body: unknown; headers: Headers }, status: number, code: string) {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problemSchema.parse(answer.body)).toMatchObject({ status, code });
  return answer.body as { decision?: { id: string; outcome: string } };
}

const ID_BY_AREA: Readonly<Record<string, string>> = {
  tokens: 'tok_1',
  runs: 'run_1',
  executions: 'exec_1',
  approvals: 'appr_1',
  queue: 'hand_1',
  sessions: 'ses_1',
  accounts: 'prn_1',
  agents: 'prn_1',
  proposals: 'prop_1',
};

/** A path that only has the form of one: refusals come before anything is looked up. */
const somePath = (route: Route): string =>
  route.url.replace(':id', ID_BY_AREA[route.url.split('/')[2]!] ?? 'x').replace(':index', '0');

describe('B1 C1: the table of routes', () => {
  test('every route asks policy for an operation that it knows, or stands in the list of public ones', () => {
    // If you are here because this failed: a new route needs an operation of packages/policy/src/operations.ts. A new
    // public route needs a very good reason, and a larger number below.
    for (const route of guarded) expect(OPERATION_IDS, nameOf(route)).toContain(route.operation);
    const open = routes.filter((route) => route.operation === 'public').map(nameOf);
    expect(open.sort()).toEqual(Object.keys(PUBLIC).sort());
    expect(open.length).toBeLessThanOrEqual(12);
    expect([...OUTSIDE_THE_TABLE].sort()).toEqual(Object.keys(OUTSIDE).sort());
    expect(OUTSIDE_THE_TABLE.length).toBeLessThanOrEqual(1);
  });

  test('the server serves the table and nothing beside it', async () => {
    expect((await servedRoutes(house.server.services)).sort()).toEqual(
      [...routes.map(nameOf), ...OUTSIDE_THE_TABLE].sort(),
    );
  });

  test('no route is there twice, and every operation has one', () => {
    expect(new Set(routes.map(nameOf)).size).toBe(routes.length);
    expect([...new Set(guarded.map((route) => route.operation))].sort()).toEqual([...OPERATION_IDS].sort());
  });

  test('G1: every route that needs a credential says what it puts on record', () => {
    for (const route of guarded) {
      expect(route.records, nameOf(route)).not.toBe('none');
      if (typeof route.records === 'string') expect(route.method, nameOf(route)).toBe('GET');
      else {
        expect(route.records.length, nameOf(route)).toBeGreaterThan(0);
        for (const type of route.records) expect(RECORD_TYPE_NAMES).toContain(type);
      }
      // What changes something leaves a record of its own kind.
      if (OPERATIONS[route.operation as Operation] === 'change') expect(route.records, nameOf(route)).not.toBe('read');
    }
  });

  test('every route that needs a credential has a call in this test', () => {
    // If you are here because this failed: add the route to test/api-coverage.inputs.ts (or take out one that is gone).
    expect(Object.keys(INPUTS).sort()).toEqual(guarded.map(nameOf).sort());
  });
});

describe('B1: nobody comes in without a credential', () => {
  test.each(guarded.map((route) => [nameOf(route), route] as const))('%s', async (_name, route) => {
    const { answer, records } = await recordsOf('anonymous', () =>
      house.anonymous.call(route.method, somePath(route), route.body ? { body: {} } : {}),
    );
    expectProblem(answer, 401, 'not_signed_in');
    expect(records.map((record) => record.entry.type)).toEqual(['api.refused']);
    expect(records[0]?.payload?.data).toMatchObject({
      operation: route.operation,
      code: 'not_signed_in',
      decision: null,
    });
  });

  test.each(Object.keys(PUBLIC))('%s is open', async (name) => {
    const [method, path] = name.split(' ') as [string, string];
    const { status } = await house.anonymous.call(
      method,
      path.replace(':provider', 'nobody'),
      method === 'POST' ? { body: {} } : {},
    );
    // Nobody is asked who they are; here is no identity provider to sign in at.
    expect(name.includes(':provider') ? [404] : [200, 400]).toContain(status);
  });
});

describe('C1: nobody does what their roles do not allow', () => {
  test('policy in force and the reviewed matrix agree', () => {
    for (const operation of OPERATION_IDS)
      expect(permittedRoles(operation), operation).toEqual(reviewedRoles(operation));
  });

  test('what needs no role is little, and named', () => {
    const open = OPERATION_IDS.filter((operation) => permits(operation, []));
    expect(open.sort()).toEqual(OF_EVERYBODY);
  });

  /** Calls as each role that may not, and as somebody without any. */
  async function* refusedCalls(route: Route) {
    const options = route.body ? { body: {} } : {};
    for (const role of ROLES.filter((each) => !permits(route.operation, [each]))) {
      const by = await house.as(ACCOUNT_BY_ROLE[role]);
      yield recordsOf(by.principal.id, () => by.call(route.method, somePath(route), options));
    }
    // No account is made without a role; one may still come to be.
    const analyst = await house.as('analyst');
    const { identity } = house.server.services;
    const known = await identity.authenticate(analyst.token);
    vi.spyOn(identity, 'authenticate').mockResolvedValueOnce({ ...known, principal: NOBODY_IN_PARTICULAR });
    yield recordsOf(NOBODY_IN_PARTICULAR.id, () => analyst.call(route.method, somePath(route), options));
  }

  const closed = guarded.filter((route) => !OF_EVERYBODY.includes(route.operation));
  test.each(closed.map((route) => [nameOf(route), route] as const))('%s', async (_name, route) => {
    for await (const { answer, records } of refusedCalls(route)) {
      const { decision } = expectProblem(answer, 403, 'refused');
      expect(decision).toMatchObject({ outcome: 'refuse' });
      expect(records.map((record) => record.entry.type)).toEqual(['api.refused']);
      expect(records[0]?.entry.refs.decision).toBe(decision?.id);
      expect(records[0]?.payload?.data).toMatchObject({ operation: route.operation, code: 'refused', decision });
    }
  });
});

describe('G1 G7: what is allowed happens, and is on record', () => {
  test.each(guarded.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const known = INPUTS[name];
    if (!known) throw new Error(`If you are here because this failed: add ${name} to test/api-coverage.inputs.ts.`);
    expect(permittedRoles(route.operation)).toContain(known.role);
    const { path, body, by, headers, end } = await known.input(house);
    const caller = by ?? (await house.as(ACCOUNT_BY_ROLE[known.role]));
    const { answer, records } = await recordsOf(caller.principal.id, async () => {
      const answering = caller.call(route.method, path, {
        ...(body === undefined ? {} : { body }),
        headers: headers ?? {},
      });
      await end?.(caller);
      return answering;
    });
    expect([200, 201], JSON.stringify(answer.body).slice(0, 500)).toContain(answer.status);
    const types: RecordType[] = records.map((record) => record.entry.type);
    const expected: readonly string[] = typeof route.records === 'string' ? ['api.read'] : route.records;
    expect(types.filter((type) => expected.includes(type)).length, types.join()).toBeGreaterThan(0);
    expect(types).not.toContain('api.refused');
  });

  test('signing in is on record, and so is failing to', async () => {
    const signIn = (password: string) => house.anonymous.post('/v1/sessions', { name: 'analyst', password });
    const wrong = await recordsOf('anonymous', () => signIn('a wrong password'));
    expectProblem(wrong.answer, 401, 'sign_in_failed');
    expect(wrong.records.map((record) => record.entry.type)).toEqual(['identity.sign_in_failed']);
    const analyst = await house.as('analyst');
    const right = await recordsOf(analyst.principal.id, () =>
      house.signIn('analyst').then((each) => each.get('/v1/session')),
    );
    expect(right.records.map((record) => record.entry.type)).toContain('identity.signed_in');
  });

  test('B2: a right that the rules allow and the handler refuses is on record too', async () => {
    const analyst = await house.as('analyst');
    const { answer, records } = await recordsOf(analyst.principal.id, () =>
      analyst.post('/v1/tokens', { label: 'more than I have', roles: ['admin'], ttl_minutes: 5 }),
    );
    expectProblem(answer, 403, 'refused');
    expect(records.map((record) => record.entry.type)).toEqual(['api.refused']);
    expect(records[0]?.payload?.data).toMatchObject({ operation: 'tokens.create', code: 'refused', decision: null });
  });

  test('G3: where the record cannot be written, nothing is shown and nothing is done', async () => {
    const runs = (await (await house.as('auditor')).get('/v1/runs?limit=200')).body.runs.length;
    for (const name of new Set(['analyst', ...Object.values(ACCOUNT_BY_ROLE)])) await house.as(name);
    const full = new PortreeveError('audit_unavailable', 'The disk is full.');
    const { database, audit } = house.server.services;
    const spies = [
      vi.spyOn(database, 'transaction').mockRejectedValue(full),
      vi.spyOn(audit, 'record').mockRejectedValue(full),
    ];
    try {
      for (const route of guarded.filter((each) => each.records === 'read')) {
        const by = await house.as(ACCOUNT_BY_ROLE[permittedRoles(route.operation)[0]!]);
        expectProblem(await by.call(route.method, somePath(route)), 503, 'audit_unavailable');
      }
      const { path, body } = await INPUTS['POST /v1/runs']!.input(house);
      expectProblem(await (await house.as('analyst')).post(path, body), 503, 'audit_unavailable');
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    expect((await (await house.as('auditor')).get('/v1/runs?limit=200')).body.runs.length).toBe(runs);
  });
});
