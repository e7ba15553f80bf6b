import { defineSource, type SourceSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { serviceName } from './input.ts';

const shared = {
  version: '1.0',
  integrity: 'trusted',
  confidentiality: 'internal',
  categories: [],
  limits: { max_items: 50, max_bytes: 64 * 1024, timeout_ms: 5000 },
} as const satisfies Partial<SourceSpec>;

/** The vault's page without secrets: it needs no credential, so nothing that reads it has one. */
export const dueSecrets = defineSource({
  ...shared,
  name: 'due-secrets',
  title: 'Whether the secret of a service is due',
  query: z.strictObject({ service: serviceName, older_than_days: z.int().min(0).max(3650) }),
  fields: [
    { name: 'service', max_chars: 32 },
    { name: 'version', max_chars: 10 },
    { name: 'age_days', max_chars: 10 },
  ],
  binding: { kind: 'http', url: 'system://vault/status/{service}/due/{older_than_days}' },
});

export const consumersBehind = defineSource({
  ...shared,
  name: 'consumers-behind',
  title: 'Who does not use the newest secret of a service',
  query: z.strictObject({ service: serviceName }),
  fields: [
    { name: 'consumer', max_chars: 64 },
    { name: 'uses_version', max_chars: 10 },
    { name: 'newest_version', max_chars: 10 },
  ],
  binding: { kind: 'http', url: 'system://vault/status/{service}/behind' },
});
