import { Labelled } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineSource } from './define-source.ts';
import { defineTool } from './define-tool.ts';
import { defineWorkflow } from './define-workflow.ts';

/* What the compiler knows of a workflow's context. The file compiles, and each marked line would not without its mark: I6. */

const written = {
  version: '1.0.0',
  tier: 3,
  effect: 'external',
  undo: 'irreversible',
  timeout_ms: 1000,
  idempotency: 'none',
  returns: 'internal',
  clearance: { confidentiality: 'internal', categories: [] as never[] },
  audience: 'urn:orders',
} as const;
const refund = defineTool({
  ...written,
  name: 'refund_order_once',
  title: 'Refund an order',
  description: 'Pays an order back.',
  args: z.strictObject({ order: z.string().max(40), lines: z.array(z.strictObject({ cents: z.int() })).max(9) }),
  result: z.strictObject({ ok: z.boolean() }),
  sinks: [
    { path: '/order', kind: 'target' },
    { path: '/lines', kind: 'amount' },
  ],
  binding: { connector: 'http', method: 'POST', url: 'system://orders/refunds', body: true },
});
const plain = defineTool({
  ...written,
  name: 'note_order_once',
  title: 'Note an order',
  description: 'Writes a note.',
  args: { type: 'object', properties: { text: { type: 'string', maxLength: 10 } }, additionalProperties: false },
  result: { type: 'object' },
  sinks: [{ path: '/text', kind: 'payload' }],
  binding: { connector: 'http', method: 'POST', url: 'system://orders/notes', body: true },
});
const messages = defineSource({
  name: 'messages',
  version: '1.0.0',
  title: 'Messages',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: [],
  query: z.strictObject({ order: z.string().max(40) }),
  fields: [{ name: 'text', max_chars: 2000 }],
  limits: { max_items: 20, max_bytes: 1024, timeout_ms: 5000 },
  binding: { kind: 'http', url: 'system://orders/{order}/messages' },
});
const label = { integrity: 'internal', confidentiality: 'public', categories: [], origins: [] } as const;
const labelled = new Labelled<unknown>('x', { ...label, categories: [], origins: [] });
const why = { rationale: 'Because.' };

test('I6: what a workflow does not declare does not compile; what it declares does', () => {
  const define = () =>
    defineWorkflow({
      ...{ name: 'refund', version: '1.0.0', title: 'Refund', purpose: 'Refunds.', tier: 'low' as const },
      ...{ owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' }, approvers: ['leads'] },
      input: z.strictObject({ order: z.string().max(40) }),
      sources: [messages],
      tools: [refund, plain],
      prompts: ['judge-claim'],
      async run({ input, read, ask, classify, act }) {
        const order: string = input.order;
        await read('messages', { order });
        await ask('judge-claim', {});
        await act('refund_order_once', { order, lines: [{ cents: 1 }, labelled] }, why);
        await act(refund.name, { order: labelled, lines: labelled }, why);
        // Of a JSON Schema the compiler knows nothing: policy and the schema itself judge it at run time.
        await act('note_order_once', { anything: labelled }, why);
        // @ts-expect-error: no such source
        await read('mails', { order });
        // @ts-expect-error: no such prompt
        await ask('judge', {});
        // @ts-expect-error: no such prompt
        await classify('judge', {});
        // @ts-expect-error: no such tool
        await act('refund_order', { order, lines: [] }, why);
        // @ts-expect-error: an argument is missing
        await act('refund_order_once', { order }, why);
        // @ts-expect-error: an argument that it does not have
        await act('refund_order_once', { order, lines: [], note: 'x' }, why);
        // @ts-expect-error: a value of another type
        await act('refund_order_once', { order: 7, lines: [] }, why);
        // @ts-expect-error: deep within, too
        await act('refund_order_once', { order, lines: [{ euros: 1 }] }, why);
        // @ts-expect-error: why it is to be done is not left out
        await act('refund_order_once', { order, lines: [] });
        return {};
      },
    });
  expect(define().contract.scope).toEqual({
    ...{ sources: ['messages'], tools: ['refund_order_once', 'note_order_once'], prompts: ['judge-claim'] },
  });
});
