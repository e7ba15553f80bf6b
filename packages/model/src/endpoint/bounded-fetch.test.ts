import type { Clearance, Label } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { boundedFetch, NotCleared } from './bounded-fetch.ts';
import { inScope } from './question-scope.ts';

const CLEARANCE: Clearance = { confidentiality: 'internal', categories: ['customer'] };
type Secrecy = Pick<Label, 'confidentiality' | 'categories'>;
const CLEARED: Secrecy = { confidentiality: 'internal', categories: ['customer'] };

function setUp(answer: () => Response = () => new Response('{}')) {
  const sent: Headers[] = [];
  const heard: ('sent' | number)[] = [];
  const rejected: string[] = [];
  const inner = (async (_input, init) => {
    sent.push(new Headers(init?.headers));
    return answer();
  }) as typeof fetch;
  const guarded = boundedFetch(inner, {
    credential: { get: async () => 'k', rejected: (token) => void rejected.push(token) },
    headers: (token) => ({ authorization: `Bearer ${token}` }),
    clearance: CLEARANCE,
  });
  const call = () => guarded('http://127.0.0.1:9/v1/messages', { headers: { 'x-evil': '1', authorization: 'stolen' } });
  const watch = { sent: () => void heard.push('sent'), began: (status: number) => void heard.push(status) };
  return { sent, heard, rejected, call, ask: (label: Secrecy) => inScope(label, watch, call), watch };
}

test('D10: what is cleared is sent, with our own headers alone', async () => {
  const { sent, heard, ask } = setUp();
  await ask(CLEARED);
  expect([...sent[0]!]).toEqual([['authorization', 'Bearer k']]);
  expect(heard).toEqual(['sent', 200]);
});

test('D10: what belongs to no question is not sent', async () => {
  const { sent, call } = setUp();
  await expect(call()).rejects.toBeInstanceOf(NotCleared);
  expect(sent).toEqual([]);
});

test.each([
  ['a higher level', { confidentiality: 'confidential', categories: [] }],
  ['another category', { confidentiality: 'public', categories: ['personal'] }],
  ['a category beside a cleared one', { confidentiality: 'public', categories: ['customer', 'health'] }],
] satisfies [string, Secrecy][])('D10: with %s nothing is sent', async (_, label) => {
  const { sent, ask } = setUp();
  await expect(ask(label)).rejects.toBeInstanceOf(NotCleared);
  expect(sent).toEqual([]);
});

test('E4: one attempt is one request, whatever the SDK tries', async () => {
  const { sent, heard, call, watch } = setUp();
  await inScope(CLEARED, watch, async () => {
    await call();
    await expect(call()).rejects.toThrow('a second request');
  });
  expect([sent.length, heard]).toEqual([1, ['sent', 200]]);
});

test('E9: a token that the endpoint does not accept is given back', async () => {
  const { rejected, ask } = setUp(() => new Response('{}', { status: 401 }));
  await ask(CLEARED);
  expect(rejected).toEqual(['k']);
});

test('E8: a request without an answer is told of, too', async () => {
  const { heard, ask } = setUp(() => {
    throw new TypeError('fetch failed');
  });
  await expect(ask(CLEARED)).rejects.toThrow('fetch failed');
  expect(heard).toEqual(['sent']);
});
