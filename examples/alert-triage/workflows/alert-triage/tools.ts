import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { alertId } from './input.ts';

const evidenceId = z.string().regex(/^ev_[a-z0-9_-]{1,64}$/);
const hostName = z.string().regex(/^[a-z]{2,8}-[0-9]{2,4}$/, 'use a host such as ws-114');
const clearance: ToolSpec['clearance'] = { confidentiality: 'confidential', categories: ['personal'] };
const shared = {
  version: '1.0',
  effect: 'write',
  clearance,
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:portreeve:example:fleet',
} as const;

/** One closed word on the alert, which can be taken off: tier 2, so those who watch are told. */
export const setAlertSeverity = defineTool({
  ...shared,
  name: 'set_alert_severity',
  title: 'Rate an alert',
  description: 'Sets how grave one alert is; those who watch the queue see the gravest first.',
  tier: 2,
  args: z.strictObject({ alert: alertId, severity: z.enum(['none', 'low', 'medium', 'high', 'critical']) }),
  result: z.strictObject({ alert: z.string() }),
  sinks: [
    { path: '/alert', kind: 'target' },
    { path: '/severity', kind: 'payload' },
  ],
  undo: {
    tool: 'clear_alert_severity',
    args: { alert: { from: 'args', pointer: '/alert' } },
    window_minutes: 7 * 24 * 60,
  },
  binding: { connector: 'http', method: 'POST', url: 'system://fleet/alerts/{alert}/severity' },
});

export const clearAlertSeverity = defineTool({
  ...shared,
  name: 'clear_alert_severity',
  title: 'Take the rating off an alert',
  description: 'Takes the severity off one alert, so that it waits for somebody to look.',
  tier: 2,
  args: z.strictObject({ alert: alertId }),
  result: z.strictObject({ alert: z.string() }),
  sinks: [{ path: '/alert', kind: 'target' }],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://fleet/alerts/{alert}/severity/clear' },
});

/** Somebody can work no more until it is taken back: tier 3, an analyst looks first. */
export const isolateHost = defineTool({
  ...shared,
  name: 'isolate_host',
  title: 'Take a host off the network',
  description:
    'Cuts one host off from everything but the fleet console. What runs on it goes on; nobody can work with it.',
  tier: 3,
  args: z.strictObject({
    host: hostName,
    alert: alertId,
    reasons: z
      .array(z.strictObject({ text: z.string().min(1).max(300), evidence: z.array(evidenceId).min(1).max(10) }))
      .min(1)
      .max(6),
  }),
  result: z.strictObject({ host: z.string(), isolated: z.literal(true) }),
  sinks: [
    { path: '/host', kind: 'target' },
    { path: '/alert', kind: 'target' },
    { path: '/reasons', kind: 'payload' },
  ],
  undo: {
    tool: 'release_host',
    args: { host: { from: 'args', pointer: '/host' } },
    window_minutes: 30 * 24 * 60,
  },
  binding: { connector: 'http', method: 'POST', url: 'system://fleet/hosts/{host}/isolation' },
});

/** Letting a host that somebody has broken into on again is as grave: tier 3 as well. */
export const releaseHost = defineTool({
  ...shared,
  name: 'release_host',
  title: 'Let a host on the network again',
  description: 'Ends the isolation of one host.',
  tier: 3,
  args: z.strictObject({ host: hostName }),
  result: z.strictObject({ host: z.string(), isolated: z.literal(false) }),
  sinks: [{ path: '/host', kind: 'target' }],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://fleet/hosts/{host}/release' },
});
