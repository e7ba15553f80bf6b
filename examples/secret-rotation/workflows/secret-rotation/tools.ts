import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { serviceName } from './input.ts';

/*
 * All that anybody can do with the vault's password (requirement F12): two acts on one named service. That the same password
 * could read every secret, or delete the service, is nothing that a proposal can say.
 */
const clearance: ToolSpec['clearance'] = { confidentiality: 'internal', categories: [] };
const shared = {
  version: '1.0',
  effect: 'write',
  clearance,
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:portreeve:example:vault',
} as const;

/** A new secret for everything that uses the service. Tier 3: a person approves it. */
export const rotateServiceSecret = defineTool({
  ...shared,
  name: 'rotate_service_secret_with_overlap',
  title: 'Rotate the secret of a service',
  description: 'Makes a new secret for one service; the one before stays good for the minutes of the overlap.',
  tier: 3,
  args: z.strictObject({ service: serviceName, overlap_minutes: z.int().min(5).max(1440) }),
  // Closed: an answer that says more, such as a secret, is not taken.
  result: z.strictObject({ service: z.string(), version: z.int(), previous_valid_until: z.string() }),
  sinks: [
    { path: '/service', kind: 'target' },
    { path: '/overlap_minutes', kind: 'amount' },
  ],
  // What policy may narrow it to: `@remedy("narrow:four-hours")`.
  profiles: { 'four-hours': [{ do: 'cap', path: '/overlap_minutes', max: 240 }] },
  // As long as the longest overlap that policy lets through.
  undo: {
    tool: 'restore_previous_service_secret',
    args: { service: { from: 'args', pointer: '/service' } },
    window_minutes: 240,
  },
  binding: {
    connector: 'http',
    method: 'POST',
    url: 'system://vault/admin/services/{service}/rotate',
    credential: 'vault-admin-password',
  },
});

/** The way back, while the secret before is still good. The vault refuses it afterwards. */
export const restorePreviousServiceSecret = defineTool({
  ...shared,
  name: 'restore_previous_service_secret',
  title: 'Go back to the secret before',
  description: 'Gives one service its previous secret again, as long as the overlap lasts.',
  tier: 2,
  args: z.strictObject({ service: serviceName }),
  result: z.strictObject({ service: z.string(), version: z.int() }),
  sinks: [{ path: '/service', kind: 'target' }],
  undo: {
    tool: 'rotate_service_secret_with_overlap',
    args: { service: { from: 'args', pointer: '/service' }, overlap_minutes: { value: 60 } },
    window_minutes: 60,
  },
  binding: {
    connector: 'http',
    method: 'POST',
    url: 'system://vault/admin/services/{service}/restore',
    body: false,
    credential: 'vault-admin-password',
  },
});
