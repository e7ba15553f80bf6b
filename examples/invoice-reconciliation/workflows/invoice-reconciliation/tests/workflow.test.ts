import type { Evidence, JsonObject } from '@portreeve/sdk';
import { testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { expect, test } from 'vitest';
import workflow from '../workflow.ts';

const said = (inputs: JsonObject) => ({
  invoice_number: 'INV-7001',
  supplier: 'Northwind Traders',
  total_amount: '700.00',
  currency: 'EUR',
  confidence: 50,
  passages: [
    {
      quote: 'Invoice number: INV-7001',
      evidence: (inputs.invoice as unknown as Evidence[])[0]!.id,
      supported: true,
    },
  ],
});
const rows = (row: JsonObject) => ({ status: 'succeeded' as const, result: { rows: [row], count: 1 } });
const setUp = (outcome: string, over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input: { order: 'PO-2026-0001' },
  prompts: new URL('../prompts/', import.meta.url),
  sources: { invoice: [{ text: 'Invoice number: INV-7001' }] },
  answers: {
    'read-invoice': said,
    'explain-difference': { explanation: 'The total differs.' },
    'decide-difference': { decision: 'reject' },
  },
  actions: {
    find_order: rows({ supplier: 'Northwind Traders', amount_cents: 70_000, currency: 'EUR' }),
    compare_invoice: rows({ outcome }),
    schedule_payment: rows({ payment: 1 }),
    note_difference: rows({ difference: 1 }),
  },
  ...over,
});
const toolsOf = (ran: { acts: readonly { tool: string }[] }) => ran.acts.map(({ tool }) => tool);

test('what matches is paid: the amount is the ledger’s, the order is the clerk’s', async () => {
  const ran = await testWorkflow(workflow, setUp('match'));
  expect(toolsOf(ran)).toEqual(['find_order', 'compare_invoice', 'schedule_payment']);
  expect(ran.acts[2]!.args).toEqual({ order: 'PO-2026-0001', invoice_number: 'INV-7001', amount_cents: 70_000 });
  expect(ran.result).toMatchObject({ status: 'scheduled', paid: true });
});

test('D5: which way it took follows from the invoice, and so every later action carries its label', async () => {
  const ran = await testWorkflow(workflow, setUp('match'));
  expect(ran.acts[2]!.label).toMatchObject({ integrity: 'untrusted' });
});

test.each(['already_paid', 'no_order'])('%s pays nothing', async (outcome) => {
  const ran = await testWorkflow(workflow, setUp(outcome));
  expect(toolsOf(ran)).toEqual(['find_order', 'compare_invoice']);
  expect(ran.result).toMatchObject({ status: outcome, paid: false });
});

test('what differs is explained, noted, and decided', async () => {
  const rejected = await testWorkflow(workflow, setUp('differs'));
  expect(toolsOf(rejected)).toEqual(['find_order', 'compare_invoice', 'note_difference']);
  expect(rejected.result).toMatchObject({ status: 'rejected', paid: false });
  const answers = { ...setUp('differs').answers, 'decide-difference': { decision: 'pay_the_order' } };
  const paid = await testWorkflow(workflow, setUp('differs', { answers }));
  expect(paid.acts.at(-1)).toMatchObject({ tool: 'schedule_payment', args: { amount_cents: 70_000 } });
});
