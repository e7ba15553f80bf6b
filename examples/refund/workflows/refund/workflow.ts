import { at, defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { customerMessage } from './sources.ts';
import { CLAIMS, cancelOrderRefund, lookUpOrder, refundOrderOnce } from './tools.ts';

/** Reads what a customer wrote about an order, and proposes to pay it back where that is a claim that the shop always meets. */
export default defineWorkflow({
  name: 'refund',
  version: '1.0.0',
  title: 'Refund',
  purpose:
    'Reads what customers write about an order and proposes to pay it back where it did not come or came damaged. What is paid is what the payments system says, never what a message asks for, and a lead decides.',
  tier: 'medium',
  owners: {
    security: 'security-operations@corp.example',
    platform: 'commerce-systems@corp.example',
    business: 'customer-care@corp.example',
    escalation: 'head-of-customer-care@corp.example',
  },
  approvers: ['refund-leads'],
  approval_timeout_minutes: 24 * 60,
  input,
  sources: [customerMessage],
  tools: [lookUpOrder, refundOrderOnce, cancelOrderRefund],
  prompts: ['judge-claim'],
  on_outage: { do: 'hand_off' },
  boundaries: {
    repositories: [],
    logs: [],
    production_logs: false,
    secrets: 'redact',
    identifiers: { customer: 'never', personal: 'clear' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 90 },
  },
  regulation: [
    {
      framework: 'SOC 2 (AICPA TSC 2017, points of focus of 2022)',
      article: 'CC6.3 (role-based access, least privilege, segregation of duties)',
      met: 'A lead who did not ask for it agrees to each refund, and two above the limit.',
    },
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      met: 'A lead sees the message and where the sum comes from before money leaves, and can take it back for an hour.',
    },
  ],
  history: {
    refunds: { kind: 'count', tools: ['refund_order_once'], by: ['principal'], window: '1h' },
    refunded: { kind: 'sum', of: '/amount_cents', tools: ['refund_order_once'], by: [], window: '24h' },
  },

  async run({ input: { order }, read, classify, outcome, act }) {
    // Before anything is read: what is decided by a message would be of the message's making otherwise, the sum too.
    const known = await act(lookUpOrder.name, { order }, { rationale: `The clerk named ${order}.` });
    if (known.status !== 'succeeded') return { order, status: known.status, refunded: false };
    if ((await outcome(known.result, '/refundable', ['yes'])) === null)
      return { order, status: 'nothing_open', refunded: false };

    const messages = await read(customerMessage.name, { order });
    if (messages.count === 0) return { order, status: 'nothing_asked', refunded: false };
    const judged = await classify('judge-claim', { messages: messages.evidence });
    const claim = await outcome(judged, '/claim', CLAIMS);
    if (claim !== 'not_delivered' && claim !== 'damaged') return { order, status: 'no_claim', refunded: false };

    const refund = await act(
      refundOrderOnce.name,
      // How much it is says the payments system: no message and no model can name another sum.
      { order, amount_cents: at(known.result, '/open_cents'), claim: at(judged, '/claim') },
      { rationale: `The customer says: ${claim}.`, evidence: messages.evidence },
    );
    const told = { order, claim };
    switch (refund.status) {
      case 'succeeded':
        return { ...told, status: 'refunded', refunded: true, execution: refund.execution };
      case 'denied':
        return { ...told, status: 'denied', refunded: false, approval: refund.approval, by: refund.by };
      case 'failed':
        return { ...told, status: 'failed', refunded: false, reason: refund.reason };
      case 'unknown':
        // Nobody knows whether the money is on its way: a person finds out and says so.
        return { ...told, status: 'unknown', handoff: refund.handoff };
      case 'refused':
        return {
          ...told,
          status: 'refused',
          refunded: false,
          reasons: refund.decision.reasons.map(({ text }) => text),
          next: refund.decision.next,
        };
    }
  },
});
