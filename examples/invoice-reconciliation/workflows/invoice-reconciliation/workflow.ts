import { type ActOutcome, at, defineWorkflow, type JsonObject, type Labelled } from '@portreeve/sdk';
import { input } from './input.ts';
import { invoice } from './sources.ts';
import {
  cancelPayment,
  compareInvoice,
  findOrder,
  noteDifference,
  OUTCOMES,
  schedulePayment,
  withdrawDifference,
} from './tools.ts';

const byHand = { group: 'payables-desk', escalate_to: 'payables-leads', due_minutes: 4 * 60 };
const inTheLedger = {
  ...byHand,
  title: 'Find out what the ledger did',
  steps: [
    'Look the order up in the ledger.',
    'Say whether what was to be done is there. Do nothing in the ledger yourself.',
  ],
};

/** Reads an invoice, matches it by the ledger's own reckoning, and schedules the payment of what matches. */
export default defineWorkflow({
  name: 'invoice-reconciliation',
  version: '1.0.0',
  title: 'Invoice reconciliation',
  purpose:
    'Compares invoices with orders. A model reads the invoice and explains differences; the ledger matches; people decide what differs, what is doubtful, and every payment above the limit.',
  tier: 'medium',
  owners: {
    security: 'security-operations@corp.example',
    platform: 'finance-systems@corp.example',
    business: 'payables@corp.example',
    escalation: 'head-of-payables@corp.example',
  },
  approvers: ['payables-leads', 'controllers'],
  approval_timeout_minutes: 24 * 60,
  input,
  // The order is what the clerk says: `--set order=…`.
  file_input: {},
  sources: [invoice],
  tools: [findOrder, compareInvoice, schedulePayment, cancelPayment, noteDifference, withdrawDifference],
  prompts: ['read-invoice', 'explain-difference', 'decide-difference'],
  steps: { 'read-invoice': { confidence_min_per_mille: 900 } },
  procedures: {
    'read-invoice': {
      ...byHand,
      title: 'Read an invoice by hand',
      steps: [
        'Open the invoice among the material.',
        'Copy its number, the supplier, the total as it stands there, and the currency.',
        'Give them back as JSON; what stands nowhere on the invoice is no answer: decline then.',
      ],
    },
    'decide-difference': {
      ...byHand,
      title: 'Decide on an invoice that differs',
      steps: [
        'Compare the invoice with the order and with what was explained.',
        'Ask the supplier where it is not clear.',
        'Decide: pay the order as it stands in the ledger, or reject the invoice.',
      ],
    },
    // A statement has no key that the ledger would know again: who lost its answer has to look.
    [schedulePayment.name]: inTheLedger,
    [cancelPayment.name]: inTheLedger,
    [noteDifference.name]: inTheLedger,
    [withdrawDifference.name]: inTheLedger,
  },
  on_outage: { do: 'hand_off' },
  boundaries: {
    repositories: [],
    logs: [],
    production_logs: false,
    secrets: 'redact',
    identifiers: { customer: 'never', personal: 'pseudonyms' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 90 },
  },
  regulation: [
    {
      framework: 'SOC 2 (AICPA TSC 2017, points of focus of 2022)',
      article: 'CC6.3 (role-based access, least privilege, segregation of duties)',
      met: 'The ledger matches, a person of payables-desk decides what differs, and controllers approve above the limit.',
    },
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      met: 'The decision on an invoice that differs is final, so a person makes it; the model only prepares it.',
    },
  ],
  clearances: {
    'payables-desk': { confidentiality: 'confidential', categories: [] },
    'payables-leads': { confidentiality: 'confidential', categories: [] },
  },

  async run({ input: { order }, read, extract, analyse, act, outcome }) {
    const document = await read(invoice.name, {});
    const said = await extract('read-invoice', { invoice: document.evidence });
    const known = await act(findOrder.name, { order }, { rationale: `The clerk named ${order}.` });
    if (known.status !== 'succeeded') return { order, status: known.status, paid: false };
    const compared = await act(
      compareInvoice.name,
      {
        order,
        invoice_number: at(said, '/invoice_number'),
        supplier: at(said, '/supplier'),
        total_amount: at(said, '/total_amount'),
        currency: at(said, '/currency'),
      },
      { rationale: `What the invoice says is compared with ${order}.`, evidence: document.evidence },
    );
    if (compared.status !== 'succeeded') return { order, status: compared.status, paid: false };

    const pay = async (why: string): Promise<JsonObject> => {
      const payment = await act(
        schedulePayment.name,
        { order, invoice_number: at(said, '/invoice_number'), amount_cents: at(known.result, '/rows/0/amount_cents') },
        { rationale: why, evidence: document.evidence },
      );
      return { order, ...told(payment) };
    };

    const found = await outcome(compared.result, '/rows/0/outcome', OUTCOMES);
    if (found === 'match') return pay(`The invoice matches ${order}.`);
    if (found !== 'differs') return { order, status: found ?? 'unclear', paid: false };

    const given = { invoice: document.evidence, order: known.result as Labelled<unknown>, said };
    const explained = await analyse('explain-difference', given);
    await act(
      noteDifference.name,
      { order, explanation: at(explained, '/explanation') },
      { rationale: `The invoice for ${order} differs.`, evidence: document.evidence },
    );
    // A final decision: whatever the model prepares, a person gives the answer.
    const decided = await analyse('decide-difference', { ...given, explained });
    const decision = await outcome(decided, '/decision', ['pay_the_order', 'reject']);
    if (decision === 'pay_the_order') return pay(`A person decided that ${order} is paid as ordered.`);
    return { order, status: 'rejected', paid: false };
  },
});

function told(payment: ActOutcome): JsonObject {
  switch (payment.status) {
    case 'succeeded':
      return { status: 'scheduled', paid: true, execution: payment.execution };
    case 'denied':
      return { status: 'denied', paid: false, by: payment.by };
    case 'refused':
      return { status: 'refused', paid: false, reasons: payment.decision.reasons.map(({ text }) => text) };
    case 'failed':
      return { status: 'failed', paid: false, reason: payment.reason };
    case 'unknown':
      // Nobody knows whether it was scheduled: a person finds out and says so.
      return { status: 'unknown', handoff: payment.handoff };
  }
}
