import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { orderNumber } from './input.ts';

const clearance: ToolSpec['clearance'] = { confidentiality: 'confidential', categories: ['personal'] };
const shared = {
  version: '1.0',
  clearance,
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:portreeve:example:payments',
} as const;

/** What the payments system pays back at all: more needs people who are not this workflow. */
const REFUND_CENTS_MAX = 200_000;
const cents = z.int().min(1).max(REFUND_CENTS_MAX);
export const CLAIMS = ['not_delivered', 'damaged', 'other'] as const;

/** What was paid for an order and is not paid back yet. Its numbers are the payments system's own. */
export const lookUpOrder = defineTool({
  ...shared,
  name: 'look_up_order',
  title: 'Look an order up',
  description: 'Says what was paid for one order, and what of it can still be paid back.',
  tier: 1,
  effect: 'read',
  args: z.strictObject({ order: orderNumber }),
  result: z.strictObject({
    order: z.string(),
    refundable: z.enum(['yes', 'no']),
    open_cents: z.int().min(0),
    currency: z.literal('EUR'),
  }),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
  returns: 'trusted',
  binding: { connector: 'http', method: 'POST', url: 'system://payments/orders/{order}/balance' },
});

/** Money leaves: tier 3, a lead looks first; two where it is much. For an hour it can be taken back. */
export const refundOrderOnce = defineTool({
  ...shared,
  name: 'refund_order_once',
  title: 'Pay an order back',
  description:
    'Pays an order back to the card that paid for it, once. The money leaves an hour later; until then it can be taken back.',
  tier: 3,
  effect: 'write',
  args: z.strictObject({ order: orderNumber, amount_cents: cents, claim: z.enum(CLAIMS) }),
  result: z.strictObject({ order: z.string(), amount_cents: cents }),
  sinks: [
    { path: '/order', kind: 'target' },
    { path: '/amount_cents', kind: 'amount' },
    { path: '/claim', kind: 'payload' },
  ],
  undo: {
    tool: 'cancel_order_refund',
    args: { order: { from: 'args', pointer: '/order' } },
    window_minutes: 60,
  },
  binding: { connector: 'http', method: 'POST', url: 'system://payments/orders/{order}/refund' },
});

export const cancelOrderRefund = defineTool({
  ...shared,
  name: 'cancel_order_refund',
  title: 'Take a refund back',
  description: 'Takes back a refund of which the money has not left.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ order: orderNumber }),
  result: z.strictObject({ order: z.string() }),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://payments/orders/{order}/refund/cancel' },
});
