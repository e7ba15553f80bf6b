import { digestOf, draft, newId, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../../testing/server.ts';
import { INCIDENTS } from './incidents.ts';
import { wholeRegister } from './register.ts';

let house: TestServer;
let auditor: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  auditor = await house.as('auditor');
  const { id } = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(id);
  const lead = await house.as('lead');
  await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, await house.verdict('lead', shown, 'approve'));
  await house.ended(id);
});
afterAll(() => house?.close());

// biome-ignore lint/suspicious/noExplicitAny: rows as the API answers them
const rowsOf = async (name: string): Promise<any[]> => {
  const { status, body } = await auditor.get(`/v1/registers/${name}?limit=200`);
  expect(status, JSON.stringify(body)).toBe(200);
  const columns = body.columns.map((column: { name: string }) => column.name);
  for (const row of body.rows) expect(Object.keys(row).sort()).toEqual([...columns].sort());
  return body.rows;
};

test('H8: AI systems are listed with release, models, tier and owners', async () => {
  const { definition, release } = house.server.services.workflows[0]!;
  const rows = await rowsOf('ai-systems');
  expect(rows).toHaveLength(house.server.services.workflows.length);
  expect(rows.find(({ key }) => key === WORKFLOW)).toMatchObject({
    ...{ release, tier: definition.contract.tier, owner_security: definition.contract.owners.security },
    ...{ in_use_since: expect.any(String), record: expect.any(String), models: expect.stringContaining(':') },
    runs: 1,
  });
});

test('H8 B5: identities that are no people come with owner, state and date of review; people are not among them', async () => {
  const admin = await house.as('admin');
  const review_by = new Date(Date.now() + 86_400_000).toISOString();
  const made = await admin.post('/v1/agents', {
    ...{ name: 'nightly-agent', owner: admin.principal.id, purpose: 'a test', roles: ['requester'], groups: [] },
    ...{ tools: [], data: { confidentiality: 'internal', categories: [] }, review_by },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  await admin.post('/v1/accounts', { name: 'nightly-job', kind: 'service', roles: ['requester'], groups: [] });
  const rows = await rowsOf('identities');
  expect(rows.find(({ name }) => name === 'nightly-agent')).toMatchObject({
    ...{ kind: 'agent', owner: admin.principal.id, state: 'proposed', review_by, overdue: false },
  });
  expect(rows.find(({ name }) => name === 'nightly-job')).toMatchObject({ kind: 'service', review_by: null });
  expect(rows.every(({ kind }) => kind === 'agent' || kind === 'service')).toBe(true);
});

test('H8: data flows are told by class and party, as they were, beside what is declared', async () => {
  const rows = await rowsOf('data-flows');
  const flowed = rows.filter(({ times }) => times > 0);
  expect(new Set(flowed.map(({ way }) => way))).toEqual(new Set(['read', 'asked', 'sent']));
  for (const row of flowed)
    expect(row).toMatchObject({
      ...{ workflow: WORKFLOW, confidentiality: expect.any(String), record: expect.any(String) },
      declared: expect.any(String),
    });
  // What is declared and was never used has a row, too.
  const declared = house.server.services.workflows[0]!.definition.tools.map(({ name }) => name);
  for (const tool of declared) expect(rows.some(({ way, party }) => way === 'sent' && party === tool)).toBe(true);
});

test('H8: exceptions are told with their ends', async () => {
  const operator = await house.as('operator');
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await operator.post('/v1/environment/maintenance', { target: 'all', until, reason: 'a test of the register' });
  const rows = await rowsOf('exceptions');
  expect(rows.find(({ kind }) => kind === 'maintenance')).toMatchObject({
    ...{ until, over: false, by: operator.principal.id, reason: 'a test of the register' },
  });
  await operator.post('/v1/environment/maintenance/end', { target: 'all', reason: 'the test is over' });
  expect((await rowsOf('exceptions')).some(({ kind }) => kind === 'maintenance')).toBe(false);
});

test('H8: incidents are told newest first, page by page; what ended or went well is none', async () => {
  const operator = await house.as('operator');
  await operator.post('/v1/environment/freezes', { target: 'tool:no_such_tool', reason: 'a test' });
  await operator.post('/v1/environment/thaws', { target: 'tool:no_such_tool', stage: 'lifted', reason: 'over' });
  const lost = { state: 'unknown', http_status: null, reason: 'a test', result: null, result_digest: null } as const;
  const run = newId('run', systemClock);
  await house.server.services.audit.record([
    draft<'execution.result'>({
      ...{
        type: 'execution.result',
        actor: SYSTEM_ACTOR,
        outcome: 'unknown',
        refs: { workflow: WORKFLOW, run, release: digestOf('a release') },
      },
      data: { ...lost, duration_ms: 1, late: false },
    }),
  ]);
  expect((await (await house.as('analyst')).get('/v1/registers/incidents')).status).toBe(403);
  const rows = await rowsOf('incidents');
  expect(rows.filter(({ kind }) => kind === 'execution.result')).toEqual([
    expect.objectContaining({ severity: 'high', workflow: WORKFLOW, run }),
  ]);
  expect(rows.filter(({ what }) => what.includes('tool:no_such_tool'))).toEqual([
    expect.objectContaining({ severity: 'high', actor: operator.principal.id }),
  ]);
  expect(rows.some(({ kind }) => kind === 'api.refused')).toBe(true);
  const times = rows.map(({ time }) => time);
  expect(times).toEqual([...times].sort().reverse());

  const paged = [];
  let after = '';
  do {
    const { body } = await auditor.get(`/v1/registers/incidents?limit=2${after && `&after=${after}`}`);
    paged.push(...body.rows);
    after = body.next ?? '';
  } while (after);
  expect(paged.map(({ key }) => key)).toEqual(expect.arrayContaining(rows.map(({ key }) => key)));
});

test('H8: what is turned off, works again or was caught is no incident; what it was before is', () => {
  const none = {} as never;
  const environment = (state: string) => INCIDENTS['environment.changed'](none, { subject: 'freeze:all', state });
  expect(environment('everything')).toEqual(['high', 'Frozen (everything): all']);
  expect(environment('lifted')).toBeNull();
  expect(INCIDENTS['audit.place'](none, { state: 'ahead', name: 'one' })?.[0]).toBe('high');
  expect(INCIDENTS['audit.place'](none, { state: 'working', name: 'one' })).toBeNull();
  expect(INCIDENTS['oversight.opened'](none, { state: 'denied' })).toBeNull();
  expect(INCIDENTS['backup.ended'](none, { state: 'made' })).toBeNull();
});

test('H8: a register is cut into pages by its keys, without gap or repeat', async () => {
  const rows = Array.from({ length: 7 }, (_, n) => ({ key: `row ${n}` }));
  const page = wholeRegister(async () => [...rows].reverse());
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { rows: some, next }: Awaited<ReturnType<typeof page>> = await page({ limit: 3, after } as never);
    seen.push(...some.map(({ key }) => key));
    after = next;
  } while (after !== null);
  expect(seen).toEqual(rows.map(({ key }) => key));
});
