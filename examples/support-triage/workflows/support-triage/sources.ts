import { defineSource } from '@portreeve/sdk';
import { z } from 'zod';
import { ticketId } from './input.ts';

/**
 * The mail of a ticket, its attachments included: anybody in the world can have written it. Read as a document: what a
 * person who opens it would not see is taken out, and stands on record as findings.
 */
export const ticketMail = defineSource({
  name: 'ticket-mail',
  version: '1.0',
  title: 'The mail of a ticket, with its attachments',
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: ['customer', 'personal'],
  query: z.strictObject({ ticket: ticketId }),
  form: 'document',
  fields: [
    { name: 'text', max_chars: 4000 },
    { name: 'kind', max_chars: 20 },
    // Which part of the mail it stands in: a header, a body, or an attachment.
    { name: 'part', max_chars: 300 },
  ],
  limits: { max_items: 400, max_bytes: 5 * 1024 * 1024, timeout_ms: 10_000 },
  binding: { kind: 'http', url: 'system://mail-desk/tickets/{ticket}/mail', credential: 'mail-desk-read-token' },
});
