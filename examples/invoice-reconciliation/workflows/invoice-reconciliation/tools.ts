import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { amount, currency, invoiceNumber, orderNumber } from './input.ts';

/** The outcomes of a comparison: all that the workflow's code is ever shown of an invoice. */
export const OUTCOMES = ['match', 'differs', 'already_paid', 'no_order'] as const;

const clearance: ToolSpec['clearance'] = { confidentiality: 'confidential', categories: [] };
const shared = {
  version: '1.0',
  clearance,
  timeout_ms: 10_000,
  idempotency: 'none',
  audience: 'urn:portreeve:example:ledger',
  /** The ledger is ours: what it answers is nobody else's word. */
  returns: 'trusted',
} as const;
const database = {
  connector: 'postgres',
  url: 'system://ledger/invoice_ledger',
  credential: 'ledger-role',
  tls: 'none',
} as const;
const rowsOf = (row: z.ZodType) => z.strictObject({ rows: z.array(row).length(1), count: z.int() });
const cents = z.int().min(1).max(1_000_000_000);

export const findOrder = defineTool({
  ...shared,
  name: 'find_order',
  title: 'Find an order in the ledger',
  description: 'Gives supplier, amount and currency of one order.',
  tier: 1,
  effect: 'read',
  args: z.strictObject({ order: orderNumber }),
  result: rowsOf(z.strictObject({ supplier: z.string(), amount_cents: cents, currency: z.string() })),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
  binding: {
    ...database,
    mode: 'read',
    statement: 'SELECT supplier, amount_cents::int AS amount_cents, currency FROM orders WHERE order_number = $1',
    parameters: [{ argument: 'order', type: 'text' }],
    rows_max: 1,
  },
});

/** The matching: ordinary, exact and the same every time. A model only says what the invoice says. */
export const compareInvoice = defineTool({
  ...shared,
  name: 'compare_invoice',
  title: 'Compare an invoice with its order',
  description:
    'Says whether number, supplier, total and currency of an invoice are those of the order. It changes nothing.',
  tier: 1,
  effect: 'read',
  args: z.strictObject({
    order: orderNumber,
    invoice_number: invoiceNumber,
    supplier: z.string().min(1).max(80),
    total_amount: amount,
    currency,
  }),
  result: rowsOf(z.strictObject({ outcome: z.enum(OUTCOMES) })),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
  binding: {
    ...database,
    mode: 'read',
    statement: `SELECT CASE
        WHEN o.order_number IS NULL THEN 'no_order'
        WHEN EXISTS (SELECT 1 FROM payments p WHERE NOT p.cancelled
                      AND (p.order_number = given.order_number OR p.invoice_number = given.invoice)) THEN 'already_paid'
        WHEN lower(o.supplier) = lower(given.supplier) AND o.currency = given.currency
         AND o.amount_cents = given.total::numeric * 100 THEN 'match'
        ELSE 'differs' END AS outcome
      FROM (VALUES ($1::text, $2::text, $3::text, $4::text, $5::text)) AS given(order_number, invoice, supplier, total, currency)
      LEFT JOIN orders o ON o.order_number = given.order_number`,
    parameters: (['order', 'invoice_number', 'supplier', 'total_amount', 'currency'] as const).map((argument) => ({
      argument,
      type: 'text' as const,
    })),
    rows_max: 1,
  },
});

/**
 * Order and amount come from the request and from the ledger, never from the invoice. It is money, so tier 3: a lead
 * approves, and above the limit of `policies/action.cedar` a controller.
 */
export const schedulePayment = defineTool({
  ...shared,
  name: 'schedule_payment',
  title: 'Schedule the payment of an order',
  description:
    'Schedules the payment of one order at the amount that the ledger has for it. It can be cancelled for a day.',
  tier: 3,
  effect: 'write',
  args: z.strictObject({ order: orderNumber, invoice_number: invoiceNumber, amount_cents: cents }),
  result: rowsOf(z.strictObject({ payment: z.int() })),
  sinks: [
    { path: '/order', kind: 'target' },
    { path: '/amount_cents', kind: 'amount' },
    { path: '/invoice_number', kind: 'payload' },
  ],
  undo: {
    tool: 'cancel_payment',
    args: { order: { from: 'args', pointer: '/order' } },
    window_minutes: 24 * 60,
  },
  binding: {
    ...database,
    mode: 'write',
    statement: `INSERT INTO payments (order_number, invoice_number, amount_cents)
      SELECT order_number, $2, amount_cents FROM orders WHERE order_number = $1 AND amount_cents = $3
      RETURNING payment::int AS payment`,
    parameters: [
      { argument: 'order', type: 'text' },
      { argument: 'invoice_number', type: 'text' },
      { argument: 'amount_cents', type: 'bigint' },
    ],
    rows_max: 1,
  },
});

export const cancelPayment = defineTool({
  ...shared,
  name: 'cancel_payment',
  title: 'Cancel a scheduled payment',
  description: 'Cancels the payment of one order that was scheduled and not yet made.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ order: orderNumber }),
  result: rowsOf(z.strictObject({ payment: z.int() })),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
  binding: {
    ...database,
    mode: 'write',
    statement:
      'UPDATE payments SET cancelled = true WHERE order_number = $1 AND NOT cancelled RETURNING payment::int AS payment',
    parameters: [{ argument: 'order', type: 'text' }],
    rows_max: 1,
  },
});

/** A note for colleagues, which says that a model wrote it. */
export const noteDifference = defineTool({
  ...shared,
  name: 'note_difference',
  title: 'Note a difference',
  description: 'Keeps with an order how its invoice differs. It pays and promises nothing.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ order: orderNumber, explanation: z.string().min(1).max(600) }),
  result: rowsOf(z.strictObject({ difference: z.int() })),
  sinks: [
    { path: '/order', kind: 'target' },
    { path: '/explanation', kind: 'payload' },
  ],
  undo: {
    tool: 'withdraw_difference',
    args: { order: { from: 'args', pointer: '/order' } },
    window_minutes: 7 * 24 * 60,
  },
  binding: {
    ...database,
    mode: 'write',
    statement:
      'INSERT INTO differences (order_number, explanation) VALUES ($1, $2) RETURNING difference::int AS difference',
    parameters: [
      { argument: 'order', type: 'text' },
      { argument: 'explanation', type: 'text' },
    ],
    rows_max: 1,
  },
});

export const withdrawDifference = defineTool({
  ...shared,
  name: 'withdraw_difference',
  title: 'Withdraw a note of a difference',
  description: 'Marks the note of how the invoice of one order differs as withdrawn.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ order: orderNumber }),
  result: rowsOf(z.strictObject({ difference: z.int() })),
  sinks: [{ path: '/order', kind: 'target' }],
  undo: 'irreversible',
  binding: {
    ...database,
    mode: 'write',
    statement:
      'UPDATE differences SET withdrawn = true WHERE order_number = $1 AND NOT withdrawn RETURNING difference::int AS difference',
    parameters: [{ argument: 'order', type: 'text' }],
    rows_max: 1,
  },
});
