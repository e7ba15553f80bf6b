import { at, defineSource, defineWorkflow } from '@portreeve/sdk';
import { z } from 'zod';
import { caseId, publishNote, tagCase, untagCase } from './tools.ts';

const events = defineSource({
  name: 'case-events',
  version: '1.0',
  title: 'Events of a case',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: [],
  query: z.strictObject({ case_id: caseId }),
  fields: [
    { name: 'at', max_chars: 40 },
    { name: 'message', max_chars: 400 },
  ],
  limits: { max_items: 100, max_bytes: 65_536, timeout_ms: 5000 },
  binding: { kind: 'file', folder: 'cases', pattern: '{case_id}.jsonl' },
});

/** Tags a case by itself, has a model write a note from untrusted events, and publishes it when somebody agrees. */
export default defineWorkflow({
  name: 'case-work',
  version: '1.0.0',
  title: 'Case work',
  purpose: 'A real task under faults: one action of low risk, a question to a model, one action of high risk.',
  tier: 'medium',
  owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
  approvers: ['case-leads'],
  approval_timeout_minutes: 24 * 60,
  // Every case has the same events: what differs is where the effects go.
  input: z.strictObject({ case_id: caseId }),
  on_outage: { do: 'wait', minutes: 60 },
  sources: [events],
  tools: [tagCase, untagCase, publishNote],
  prompts: ['write-note'],

  async run({ input, read, ask, act }) {
    const { case_id } = input;
    const tagged = await act(tagCase.name, { case_id }, { rationale: `Work on ${case_id} was asked for.` });
    const found = await read(events.name, { case_id: 'CASE-1' });
    const note = await ask('write-note', { case_id, events: found.evidence });
    const published = await act(
      publishNote.name,
      { case_id, note: at(note, '/note'), evidence: at(note, '/evidence') },
      { rationale: `A note on ${case_id} was asked for.`, evidence: found.evidence },
    );
    return { case_id, tagged: tagged.status, published: published.status };
  },
});
