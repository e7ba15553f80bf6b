import type { Clearance } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { boundedFetch, labelHeader, NotCleared } from './bounded-fetch.ts';

const CLEARANCE: Clearance = { confidentiality: 'internal', categories: ['customer'] };

function setUp() {
  const sent: Headers[] = [];
  const inner = (async (_input, init) => {
    sent.push(new Headers(init?.headers));
    return new Response('{}');
  }) as typeof fetch;
  const guarded = boundedFetch(inner, { authorization: 'Bearer k', bytes_max: 1000, clearance: CLEARANCE });
  return { sent, send: (headers: Record<string, string>) => guarded('http://127.0.0.1:9/v1/messages', { headers }) };
}

test('D10: the label travels to the transport and not to the endpoint', async () => {
  const { sent, send } = setUp();
  await send(labelHeader({ confidentiality: 'internal', categories: ['customer'] }));
  expect([...sent[0]!.keys()].sort()).toEqual([
    'accept',
    'anthropic-version',
    'authorization',
    'content-type',
    'user-agent',
  ]);
});

test.each([
  ['no label', {}],
  ['a higher level', labelHeader({ confidentiality: 'confidential', categories: [] })],
  ['another category', labelHeader({ confidentiality: 'public', categories: ['personal'] })],
  ['a category beside a cleared one', labelHeader({ confidentiality: 'public', categories: ['customer', 'health'] })],
  ['a label of no level', { 'x-portreeve-label': '{"confidentiality":"none","categories":[]}' }],
  ['no JSON', { 'x-portreeve-label': 'public' }],
])('D10: with %s nothing is sent', async (_, headers) => {
  const { sent, send } = setUp();
  await expect(send(headers as Record<string, string>)).rejects.toBeInstanceOf(NotCleared);
  expect(sent).toEqual([]);
});
