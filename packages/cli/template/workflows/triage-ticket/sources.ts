import { defineSource } from '@portreeve/sdk';
import { z } from 'zod';
import { ticketId } from './input.ts';

/** What somebody wrote to the desk: untrusted. Only what sorting needs leaves the source. */
export const ticketText = defineSource({
  name: 'ticket-text',
  version: '1.0',
  title: 'The text of a ticket',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: ['personal'],
  query: z.strictObject({ ticket: ticketId }),
  fields: [
    { name: 'subject', max_chars: 200 },
    { name: 'text', max_chars: 4000 },
  ],
  limits: { max_items: 20, max_bytes: 256 * 1024, timeout_ms: 5000 },
  binding: { kind: 'file', folder: 'tickets', pattern: '{ticket}.jsonl' },
});
