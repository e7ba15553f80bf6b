import { defineSource } from '@portreeve/sdk';
import { z } from 'zod';

/** The invoice as it was sent in: anybody can have written it. */
export const invoice = defineSource({
  name: 'invoice',
  version: '1.0',
  title: 'The invoice that was attached',
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: [],
  query: z.strictObject({}),
  form: 'document',
  fields: [{ name: 'text', max_chars: 4000 }],
  limits: { max_items: 200, max_bytes: 2 * 1024 * 1024, timeout_ms: 10_000 },
  binding: { kind: 'attachment' },
});
