import { readFileSync } from 'node:fs';
import { type ApiProblem, createClient } from '@portreeve/sdk/client';
import { afterEach, expect, test, vi } from 'vitest';
import { mockApi } from './mock-api.ts';
import { listedOperations, rightsByRole } from './rights.ts';

afterEach(() => vi.unstubAllGlobals());

/** The generated client, over the mock. */
function clientOver(api: ReturnType<typeof mockApi>) {
  vi.stubGlobal('fetch', (address: string, init: RequestInit) => api.fetch(new Request(address, init)));
  return createClient({ baseUrl: 'http://mock.example' });
}
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: ApiProblem) => `${error.problem.status} ${error.problem.code}`,
  );

test('I1: the mock knows the whole API and all of the policy’s roles', () => {
  const operations = listedOperations();
  const lines = readFileSync(new URL('../../../server/src/http/api.txt', import.meta.url), 'utf8').match(
    /^[A-Z]+ +\//gm,
  );
  expect(operations.length).toBe(lines!.length);
  expect(new Set(operations.map(({ key }) => key)).size).toBe(operations.length);
  const rights = rightsByRole();
  expect([...rights.keys()]).toEqual(['requester', 'approver', 'operator', 'auditor', 'admin', 'enforcer']);
  const known = new Set([...rights.values()].flatMap((each) => [...each]));
  for (const { key, right } of operations) if (right !== null) expect(known.has(right) ? '' : key).toBe('');
  expect(rights.get('approver')).toContain('approvals.decide');
  expect(rights.get('requester')).not.toContain('approvals.decide');
});

test('I1 F4: a forbidden call fails for every role, whatever answer a test has for it', async () => {
  const answers = { 'POST /v1/agents/:id/events': () => ({ state: 'retired' }) as never };
  const seen: string[] = [];
  for (const role of ['requester', 'approver', 'operator', 'auditor', 'admin', 'enforcer']) {
    const api = mockApi({ roles: [role], answers });
    const body = { event: 'retire', reason: 'x' } as never;
    const path = { params: { id: 'prn_1' }, body };
    const ended = await codeOf(clientOver(api).call('POST /v1/agents/:id/events', path));
    seen.push(`${role}: ${ended}`);
    expect(api.refused).toEqual(ended === 'answered' ? [] : ['agents.change']);
  }
  expect(seen).toEqual([
    'requester: 403 refused',
    'approver: 403 refused',
    'operator: 403 refused',
    'auditor: 403 refused',
    'admin: answered',
    'enforcer: 403 refused',
  ]);
});

test('I1: nobody who has not signed in gets anything but what is public; what is not there is not found', async () => {
  const api = mockApi({ roles: null, answers: { 'GET /v1/sign-in': () => ({ providers: [] }) as never } });
  const client = clientOver(api);
  expect(await codeOf(client.call('GET /v1/session', {}))).toBe('401 not_signed_in');
  expect(await codeOf(client.call('GET /v1/sign-in', {}))).toBe('answered');
  expect(await codeOf(client.call('GET /v1/no-such' as 'GET /v1/session', {}))).toBe('404 not_found');
});

test('I1: an operation without an answer is named, and a call is understood as it was made', async () => {
  const answers = { 'GET /v1/runs/:id': ({ params }: { params: object }) => ({ ...params }) as never };
  const api = mockApi({ roles: ['operator'], answers });
  const client = clientOver(api);
  expect(await client.call('GET /v1/runs/:id', { params: { id: 'run_a/b' } })).toEqual({ id: 'run_a/b' });
  expect(await codeOf(client.call('GET /v1/queue', { query: { state: 'open' } as never }))).toBe('500 internal');
  expect(api.unanswered).toEqual(['GET /v1/queue']);
  expect((await client.call('GET /v1/session', {})).may).toContain('queue.read');
});
