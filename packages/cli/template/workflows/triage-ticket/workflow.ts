import { at, defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { ticketText } from './sources.ts';
import { clearTicketClass, setTicketClass } from './tools.ts';

/** Reads a ticket, has a model sort it, and sets what it is about. */
export default defineWorkflow({
  name: 'triage-ticket',
  version: '1.0.0',
  title: 'Ticket triage',
  purpose: 'Sorts incoming tickets by topic and urgency, so that the right people see them first.',
  tier: 'medium',
  // Real people, before it goes live.
  owners: {
    security: 'security@example.com',
    platform: 'platform@example.com',
    business: 'service-desk@example.com',
    escalation: 'duty-manager@example.com',
  },
  approvers: ['desk-leads'],
  input,
  sources: [ticketText],
  tools: [setTicketClass, clearTicketClass],
  prompts: ['sort-ticket'],
  on_outage: { do: 'hand_off' },
  // What its data is, and what becomes of it: held at each read and each question.
  boundaries: {
    repositories: [],
    logs: [],
    production_logs: false,
    secrets: 'redact',
    identifiers: { customer: 'never', personal: 'pseudonyms' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 30 },
  },
  regulation: [
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      met: 'People are told of each change, and take it back by one command; what a model cannot sort, a person does.',
    },
    {
      framework: 'GDPR (Regulation (EU) 2016/679)',
      article: 'Article 22 (automated decisions)',
      not_applicable: 'Topic and urgency of a ticket have no legal effect on anybody.',
    },
  ],

  async run({ input, read, classify, act }) {
    const { ticket } = input;
    const text = await read(ticketText.name, { ticket });
    if (text.count === 0) return { ticket, status: 'empty' };
    const sorted = await classify('sort-ticket', { ticket_text: text.evidence });
    const outcome = await act(
      setTicketClass.name,
      // Which ticket is the requester's to say, and no text of a ticket can change it.
      { ticket, topic: at(sorted, '/topic'), urgency: at(sorted, '/urgency') },
      { rationale: `The text of ${ticket} was read and sorted.`, evidence: text.evidence },
    );
    return { ticket, status: outcome.status };
  },
});
