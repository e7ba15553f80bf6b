import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { ticketId } from './input.ts';

const evidenceId = z.string().regex(/^ev_[a-z0-9_-]{1,64}$/);
const cited = (chars: number) =>
  z.strictObject({ text: z.string().min(1).max(chars), evidence: z.array(evidenceId).min(1).max(10) });

const clearance: ToolSpec['clearance'] = { confidentiality: 'confidential', categories: ['customer', 'personal'] };
const shared = {
  version: '1.0',
  clearance,
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:portreeve:example:mail-desk',
} as const;

/** Closed choices on the ticket's own record, which can be taken back: tier 2, so the support leads are told. */
export const setTicketClassification = defineTool({
  ...shared,
  name: 'set_ticket_classification',
  title: 'Set the classification of a ticket',
  description: 'Sets category, urgency and language of one ticket; people who work on tickets see them.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({
    ticket: ticketId,
    category: z.enum(['sign-in', 'billing', 'data-export', 'refund', 'general']),
    urgency: z.enum(['low', 'normal', 'high', 'urgent']),
    language: z.enum(['english', 'german', 'french', 'spanish', 'another']),
  }),
  result: z.looseObject({ ticket: z.string() }),
  sinks: [
    { path: '/ticket', kind: 'target' },
    { path: '/category', kind: 'payload' },
    { path: '/urgency', kind: 'payload' },
    { path: '/language', kind: 'payload' },
  ],
  // What policy may narrow it to: `@remedy("narrow:no-paging")`.
  profiles: { 'no-paging': [{ do: 'set', path: '/urgency', to: 'high' }] },
  undo: {
    tool: 'clear_ticket_classification',
    args: { ticket: { from: 'args', pointer: '/ticket' } },
    window_minutes: 7 * 24 * 60,
  },
  binding: { connector: 'http', method: 'POST', url: 'system://mail-desk/tickets/{ticket}/classification' },
});

/** The way back: it only takes off what the other tool set. */
export const clearTicketClassification = defineTool({
  ...shared,
  name: 'clear_ticket_classification',
  title: 'Take the classification off a ticket',
  description: 'Takes category, urgency and language off one ticket.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ ticket: ticketId }),
  result: z.looseObject({ ticket: z.string() }),
  sinks: [{ path: '/ticket', kind: 'target' }],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://mail-desk/tickets/{ticket}/classification/clear' },
});

/**
 * Sends a reply to the customer of a ticket and keeps the summary with the ticket. It has no argument for an address: the
 * desk sends it where its own record of the customer says. It leaves the house and cannot be taken back: tier 3.
 */
export const sendReplyToCustomer = defineTool({
  ...shared,
  name: 'send_reply_to_customer',
  title: 'Send a reply to the customer of a ticket',
  description:
    'Sends one reply to the customer of one ticket, at the address that the desk keeps for them, and keeps the summary with the ticket for those who work on it.',
  tier: 3,
  effect: 'external',
  args: z.strictObject({
    ticket: ticketId,
    answer: z.string().min(3).max(600).optional(),
    sentences: z.array(cited(300)).min(1).max(8),
    summary: z.array(cited(300)).min(1).max(8),
  }),
  result: z.looseObject({ ticket: z.string(), message: z.string() }),
  sinks: [
    // The ticket decides who gets it.
    { path: '/ticket', kind: 'recipient' },
    { path: '/answer', kind: 'payload' },
    { path: '/sentences', kind: 'payload' },
    { path: '/summary', kind: 'payload' },
  ],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://mail-desk/tickets/{ticket}/replies' },
});
