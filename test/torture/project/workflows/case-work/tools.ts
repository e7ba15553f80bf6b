import { defineTool } from '@portreeve/sdk';
import { z } from 'zod';

export const caseId = z.string().regex(/^CASE-[0-9]{1,9}$/);

const common = {
  version: '1.0',
  clearance: { confidentiality: 'internal' as const, categories: [] },
  timeout_ms: 4000,
  audience: 'urn:portreeve:torture:desk',
};

/** Low risk: goes on by itself, can be taken back, and the desk honours the key. */
export const tagCase = defineTool({
  ...common,
  name: 'tag_case',
  title: 'Tag a case',
  description: 'Marks a case as looked at.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ case_id: caseId }),
  result: z.strictObject({ line: z.int() }),
  sinks: [{ path: '/case_id', kind: 'target' }],
  undo: { tool: 'untag_case', args: { case_id: { from: 'args', pointer: '/case_id' } }, window_minutes: 60 },
  idempotency: 'key',
  binding: { connector: 'http', method: 'POST', url: 'system://desk/cases/{case_id}/tag' },
});

export const untagCase = defineTool({
  ...common,
  name: 'untag_case',
  title: 'Untag a case',
  description: 'Takes the mark from a case.',
  tier: 2,
  effect: 'write',
  args: z.strictObject({ case_id: caseId }),
  result: z.strictObject({ line: z.int() }),
  sinks: [{ path: '/case_id', kind: 'target' }],
  undo: 'irreversible',
  idempotency: 'key',
  binding: { connector: 'http', method: 'DELETE', url: 'system://desk/cases/{case_id}/tag' },
});

/** High risk: a person agrees first, it cannot be taken back, and the desk does it as often as it is told to. */
export const publishNote = defineTool({
  ...common,
  name: 'publish_note',
  title: 'Publish a note',
  description: 'Publishes a note where every team that works on the case reads it.',
  tier: 3,
  reason_chars_min: 0,
  effect: 'external',
  args: z.strictObject({
    case_id: caseId,
    note: z.string().min(1).max(800),
    evidence: z.array(z.string()).max(10),
  }),
  result: z.strictObject({ line: z.int() }),
  sinks: [
    { path: '/case_id', kind: 'target' },
    { path: '/note', kind: 'payload' },
  ],
  undo: 'irreversible',
  idempotency: 'none',
  binding: { connector: 'http', method: 'POST', url: 'system://desk/cases/{case_id}/notes' },
});
