import { at, defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { ticketMail } from './sources.ts';
import { clearTicketClassification, sendReplyToCustomer, setTicketClassification } from './tools.ts';

/** Reads the mail of a ticket, classifies it, and proposes a reply to the ticket's own customer. */
export default defineWorkflow({
  name: 'support-triage',
  version: '1.0.0',
  title: 'Support triage',
  purpose:
    'Sorts incoming mails of customers and drafts replies in which every sentence names the passage that it rests on. It promises nothing, and a person sends each reply.',
  tier: 'medium',
  owners: {
    security: 'security-operations@corp.example',
    platform: 'support-platform@corp.example',
    business: 'customer-support@corp.example',
    escalation: 'support-duty@corp.example',
  },
  approvers: ['support-leads'],
  approval_timeout_minutes: 24 * 60,
  input,
  sources: [ticketMail],
  tools: [setTicketClassification, clearTicketClassification, sendReplyToCustomer],
  prompts: ['classify-mail', 'draft-reply'],
  on_outage: { do: 'hand_off' },
  boundaries: {
    repositories: [],
    logs: [],
    production_logs: false,
    // What customers send by mistake goes to no model.
    secrets: 'redact',
    // A reply has to name the customer and what they bought.
    identifiers: { customer: 'clear', personal: 'clear' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 30 },
  },
  regulation: [
    {
      framework: 'GDPR (Regulation (EU) 2016/679)',
      article: 'Article 5(1)(c) (data minimisation)',
      met: 'Only the text of the mail leaves its source, without headers and hidden parts, and is deleted after 30 days.',
    },
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 50 (transparency)',
      not_applicable: 'No customer talks to a model: a person reads, approves and answers for each reply.',
    },
  ],
  // How many replies a customer's ticket got: the rules in `policies/` use it.
  history: {
    replies_on_ticket: { kind: 'count', tools: ['send_reply_to_customer'], by: ['/ticket'], window: '24h' },
  },

  async run({ input, read, ask, act }) {
    const { ticket, answer } = input;
    const mail = await read(ticketMail.name, { ticket });
    if (mail.count === 0) return { ticket, status: 'empty_mail', sent: false };

    const sorted = await ask('classify-mail', { mail: mail.evidence });
    const classified = await act(
      setTicketClassification.name,
      {
        ticket,
        category: at(sorted, '/category'),
        urgency: at(sorted, '/urgency'),
        language: at(sorted, '/language'),
      },
      { rationale: `The mail of ${ticket} was read and sorted.`, evidence: mail.evidence },
    );
    const told = {
      ticket,
      classification: classified.status,
      narrowed: classified.status === 'succeeded' ? [...classified.narrowed] : [],
    };

    const draft = await ask('draft-reply', { answer: answer ?? null, mail: mail.evidence });
    const reply = await act(
      sendReplyToCustomer.name,
      {
        ticket,
        ...(answer === undefined ? {} : { answer }),
        sentences: at(draft, '/sentences'),
        summary: at(draft, '/summary'),
      },
      {
        rationale: `A reply to the customer of ${ticket}, drafted from ${mail.count} of ${mail.available} passages of the mail and its attachments.`,
        evidence: mail.evidence,
      },
    );
    switch (reply.status) {
      case 'succeeded':
        return { ...told, status: 'sent', sent: true, execution: reply.execution };
      case 'denied':
        return { ...told, status: 'denied', sent: false, approval: reply.approval, by: reply.by };
      case 'failed':
        return { ...told, status: 'failed', sent: false, reason: reply.reason };
      case 'unknown':
        // Nobody knows whether it was sent: a person finds out and says so.
        return { ...told, status: 'unknown', handoff: reply.handoff };
      case 'refused':
        return {
          ...told,
          status: 'refused',
          sent: false,
          reasons: reply.decision.reasons.map(({ text }) => text),
          next: reply.decision.next,
        };
    }
  },
});
