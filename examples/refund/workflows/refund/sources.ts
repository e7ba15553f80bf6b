import { defineSource } from '@portreeve/sdk';
import { z } from 'zod';
import { orderNumber } from './input.ts';

/** What the customer wrote about the order. Whoever buys something writes it: untrusted. */
export const customerMessage = defineSource({
  name: 'customer-message',
  version: '1.0',
  title: 'What the customer wrote about the order',
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: ['personal'],
  query: z.strictObject({ order: orderNumber }),
  fields: [
    { name: 'written_at', max_chars: 30 },
    { name: 'subject', max_chars: 200 },
    { name: 'text', max_chars: 4000 },
  ],
  limits: { max_items: 20, max_bytes: 128 * 1024, timeout_ms: 5000 },
  binding: { kind: 'http', url: 'system://payments/orders/{order}/messages', credential: 'payments-read-token' },
});
