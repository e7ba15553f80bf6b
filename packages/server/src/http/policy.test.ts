import { digestOf, type JsonObject, RECORD_TYPES } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SignedInClient, type TestServer, testServer } from '../testing/index.ts';
import { DECISION_TYPES } from './views/decisions.ts';

let house: TestServer;
let operator: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  operator = await house.as('operator');
});
afterAll(() => house?.close());

/** The lines of the stream; its last one says that it is whole. */
async function decisions(query = ''): Promise<{ record: number; request: JsonObject; decision: JsonObject }[]> {
  const response = await fetch(`${house.url}/v1/policy/decisions${query}`, {
    headers: { authorization: `Bearer ${operator.token}` },
  });
  expect(response.headers.get('content-type')).toBe('application/jsonl');
  const lines = (await response.text()).trimEnd().split('\n');
  expect(lines.at(-1)).toBe('{"end":true}');
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

describe('C7: recorded decisions for judging anew', () => {
  test('every type of record that holds a decision with its request is among them', () => {
    const holding = Object.entries(RECORD_TYPES)
      .filter(([, { shape }]) => 'decision' in shape && 'request' in shape)
      .map(([name]) => name);
    expect([...DECISION_TYPES].sort()).toEqual(holding.sort());
  });

  test('each decision comes with the request that it judged, in the order of the log, from a time on', async () => {
    const shown = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    const asked = await (await house.as('analyst')).post('/v1/accounts', {});
    expect(asked.status).toBe(403);
    const all = await decisions();
    expect(all.map(({ record }) => record)).toEqual(all.map(({ record }) => record).toSorted((a, b) => a - b));
    expect(new Set(all.map(({ request }) => request.kind))).toEqual(new Set(['admit', 'read', 'ask', 'act', 'api']));
    for (const { request, decision } of all) expect(decision.request_digest).toBe(digestOf(request));
    expect(all.find(({ request }) => request.kind === 'act')?.decision).toMatchObject({ outcome: 'approve' });
    expect(shown.approval.state).toBe('pending');
    expect(await decisions('?since=2100-01-01T00:00:00Z')).toEqual([]);
    expect(await decisions('?until=2000-01-01T00:00:00Z')).toEqual([]);
  });

  test('G7: that it was read is on record with its filter', async () => {
    await decisions('?since=2100-01-01T00:00:00Z');
    const { records } = await house.server.services.audit.search({ type: 'audit.read', limit: 1 });
    expect(records[0]?.payload?.data).toMatchObject({
      operation: 'decisions',
      filter: { since: '2100-01-01T00:00:00Z' },
    });
  });
});

describe('C2: a decision is explained', () => {
  test('which rules decided, where they stand, and which attribute would change it', async () => {
    const { approval } = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    const { status, body } = await operator.get(`/v1/proposals/${approval.proposal}/explanation`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      proposal: approval.proposal,
      recorded: { outcome: 'approve', phase: 'submit' },
      same_policy: true,
      decision: { outcome: 'approve', next: expect.stringContaining('denied if it is not approved by then') },
    });
    const action = body.layers.find(({ layer }: { layer: string }) => layer === 'action');
    expect(action.rules[0]).toMatchObject({ effect: 'forbid', file: expect.stringMatching(/action\.cedar$/) });
    expect(action.rules[0].line).toBeGreaterThan(0);
    expect(action.rules[0].text).toContain('forbid');
    expect(body.changes).toContainEqual({ attribute: 'principal in Role', to: '["approver"]', outcome: 'refuse' });
  });

  test('a proposal that is not there, and one whose decision cannot be told exactly', async () => {
    const missing = await operator.get('/v1/proposals/prop_none/explanation');
    expect(missing.status).toBe(404);
    const { approval } = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    const { gate } = house.server.services;
    const stored = (await gate.get(approval.proposal))!;
    const altered = { ...stored, proposal: { ...stored.proposal, args: { another: true } } };
    const spy = vi.spyOn(gate, 'get').mockResolvedValue(altered);
    const answer = await operator.get(`/v1/proposals/${approval.proposal}/explanation`);
    spy.mockRestore();
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'conflict', next: expect.stringContaining('audit search') });
  });
});
