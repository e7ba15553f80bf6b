import { at, defineSource, defineTool, defineWorkflow } from '@portreeve/sdk';
import { z } from 'zod';

const order = z.string().regex(/^o-[0-9]{1,9}$/);

const orders = defineSource({
  name: 'orders',
  version: '1.0',
  title: 'Orders',
  integrity: 'trusted',
  confidentiality: 'internal',
  categories: [],
  query: z.strictObject({ order }),
  fields: [
    { name: 'order', max_chars: 20 },
    { name: 'text', max_chars: 400 },
  ],
  limits: { max_items: 10, max_bytes: 65_536, timeout_ms: 10_000 },
  binding: { kind: 'http', url: 'system://orders/orders/{order}' },
});

const args = z.strictObject({ order, note: z.string().min(1).max(400) });
const shared = {
  version: '1.0',
  description: 'Writes a note on an order.',
  effect: 'write',
  args,
  result: z.looseObject({ done: z.boolean() }),
  clearance: { confidentiality: 'internal', categories: [] as never[] },
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:bench:orders',
  binding: { connector: 'http', method: 'POST', url: 'system://orders/notes' },
} as const;
const sinks = [
  { path: '/order', kind: 'target' },
  { path: '/note', kind: 'payload' },
] as const;

/** Takes back what the others write. */
const takeBack = defineTool({
  ...shared,
  name: 'take_back_note',
  title: 'Take a note back',
  tier: 1,
  args: z.strictObject({ order }),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
});

/** One source, one question to a model, one call: what a run of a bench is. `tier` 3 waits for a person before the call. */
export function orderWorkflow({ name, tool, tier }: { name: string; tool: string; tier: 1 | 3 }) {
  const note = defineTool({
    ...shared,
    name: tool,
    title: 'Note an order',
    tier,
    reason_chars_min: 0,
    sinks: [...sinks],
    undo: { tool: takeBack.name, args: { order: { from: 'args', pointer: '/order' } }, window_minutes: 60 },
  });
  return defineWorkflow({
    name,
    version: '1.0.0',
    title: 'Note an order',
    purpose: 'What the benches run.',
    tier: 'low',
    owners: { security: 's', platform: 'p', business: 'b', escalation: 'e' },
    approvers: ['leads'],
    approval_timeout_minutes: 7 * 24 * 60,
    input: z.strictObject({ order }),
    steps: { summarise: { review: 'none' } },
    sources: [orders],
    tools: [note, takeBack],
    prompts: ['summarise'],
    async run({ input, read, ask, act }) {
      const found = await read(orders.name, { order: input.order });
      const answer = await ask('summarise', { orders: found.evidence });
      const outcome = await act(
        note.name,
        { order: input.order, note: at(answer, '/summary') },
        { rationale: 'The order is noted.', evidence: found.evidence },
      );
      return { status: outcome.status };
    },
  });
}
