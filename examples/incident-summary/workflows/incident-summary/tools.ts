import { defineTool } from '@portreeve/sdk';
import { z } from 'zod';
import { caseId } from './input.ts';

const evidenceId = z.string().regex(/^ev_[a-z0-9_-]{1,64}$/);

/**
 * Publishes one summary in one case. Other teams read it there, and it cannot be taken back: tier 3, so a person approves
 * exactly what will be sent.
 */
export const publishCaseSummary = defineTool({
  name: 'publish_case_summary',
  version: '1.0',
  title: 'Publish a case summary',
  description:
    'Publishes the summary of one case in the case system, where every team that works on the case reads it.',
  tier: 3,
  // A summary can be taken back, and this workflow is what a newcomer tries first: no reason has to be typed.
  reason_chars_min: 0,
  effect: 'external',
  args: z.strictObject({
    case_id: caseId,
    title: z.string().min(1).max(160),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    summary: z.string().min(1).max(4000),
    statements: z
      .array(z.strictObject({ text: z.string().min(1).max(400), evidence: z.array(evidenceId).min(1).max(20) }))
      .min(1)
      .max(12),
    next_steps: z.array(z.string().min(1).max(300)).max(6),
  }),
  result: z.looseObject({ case_id: z.string(), revision: z.int().min(1) }),
  sinks: [
    { path: '/case_id', kind: 'target' },
    { path: '/title', kind: 'payload' },
    { path: '/severity', kind: 'payload' },
    { path: '/summary', kind: 'payload' },
    { path: '/statements', kind: 'payload' },
    { path: '/next_steps', kind: 'payload' },
  ],
  clearance: { confidentiality: 'confidential', categories: ['personal'] },
  undo: 'irreversible',
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:portreeve:example:case-system',
  binding: { connector: 'http', method: 'POST', url: 'system://case-system/cases/{case_id}/summary' },
});
