import { defineSource, type SourceSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { alertId } from './input.ts';

const shared = {
  version: '1.0',
  confidentiality: 'confidential',
  query: z.strictObject({ alert: alertId }),
} as const satisfies Partial<SourceSpec>;

/** The alert itself: columns that the detection fills in, and no machine that is watched. */
export const alertRecord = defineSource({
  ...shared,
  name: 'alert-record',
  title: 'The alert: its host and its rule',
  integrity: 'trusted',
  categories: [],
  fields: [
    { name: 'alert', max_chars: 10 },
    { name: 'host', max_chars: 20 },
    { name: 'rule', max_chars: 80 },
    { name: 'raised_at', max_chars: 30 },
  ],
  limits: { max_items: 1, max_bytes: 4096, timeout_ms: 5000 },
  binding: { kind: 'http', url: 'system://fleet/alerts/{alert}', credential: 'fleet-read-token' },
});

/** What the machine's agent saw. Whoever is on the machine writes command lines and file names: untrusted. */
export const alertEvents = defineSource({
  ...shared,
  name: 'alert-events',
  title: 'What was seen on the host',
  integrity: 'untrusted',
  categories: ['personal'],
  holds: 'logs',
  fields: [
    { name: 'time', max_chars: 30 },
    { name: 'user', max_chars: 100 },
    { name: 'image', max_chars: 300 },
    { name: 'command_line', max_chars: 1000 },
    { name: 'message', max_chars: 500 },
  ],
  limits: { max_items: 500, max_bytes: 2 * 1024 * 1024, timeout_ms: 10_000 },
  binding: { kind: 'http', url: 'system://fleet/alerts/{alert}/events', credential: 'fleet-read-token' },
});
