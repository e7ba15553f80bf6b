import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { ticketId } from './input.ts';

const desk = {
  version: '1.0',
  tier: 2,
  effect: 'write',
  result: z.looseObject({}),
  clearance: { confidentiality: 'internal', categories: ['personal'] },
  timeout_ms: 5000,
  idempotency: 'key',
  audience: 'urn:example:ticket-desk',
} satisfies Partial<ToolSpec>;

/** Tier 2: it changes little and is taken back by one call, so people are told and nobody has to agree. */
export const setTicketClass = defineTool({
  ...desk,
  name: 'set_ticket_class',
  title: 'Set what a ticket is about',
  description: 'Sets topic and urgency of one ticket in the ticket desk.',
  args: z.strictObject({
    ticket: ticketId,
    topic: z.enum(['access', 'hardware', 'software', 'other']),
    urgency: z.enum(['low', 'normal', 'high']),
  }),
  sinks: [
    { path: '/ticket', kind: 'target' },
    { path: '/topic', kind: 'payload' },
    { path: '/urgency', kind: 'payload' },
  ],
  undo: {
    tool: 'clear_ticket_class',
    args: { ticket: { from: 'args', pointer: '/ticket' } },
    window_minutes: 7 * 24 * 60,
  },
  binding: { connector: 'http', method: 'PUT', url: 'system://ticket-desk/tickets/{ticket}/class' },
});

export const clearTicketClass = defineTool({
  ...desk,
  name: 'clear_ticket_class',
  title: 'Clear what a ticket is about',
  description: 'Takes topic and urgency of one ticket away again.',
  args: z.strictObject({ ticket: ticketId }),
  sinks: [{ path: '/ticket', kind: 'target' }],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'DELETE', url: 'system://ticket-desk/tickets/{ticket}/class' },
});
