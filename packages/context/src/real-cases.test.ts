import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { SourceContract, WorkflowContract } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { describe, expect, test } from 'vitest';
import { assemble } from './assemble.ts';
import { parsePrompt } from './load-prompts.ts';
import { attachmentSource } from './read-attachment.ts';
import { readSource } from './read-source.ts';

const folder = new URL('../../../../shared/bench/cases/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz')) : [];
if (files.length === 0) console.log('skipped: the recorded event logs (bench/cases) are not here');
// A file without any test fails.
test.skipIf(files.length > 0)('the recorded event logs are not here', () => undefined);

const FIELDS =
  'TimeCreated EventID Channel Hostname Image CommandLine ParentImage ParentCommandLine SourceImage TargetImage GrantedAccess TargetFilename TargetObject Details EventType ImageLoaded NewProcessName ParentProcessName SubjectUserName User ProcessName ObjectName Application DestAddress DestPort SourceAddress';

const contract: SourceContract = {
  name: 'attached-logs',
  version: '1.0',
  title: 'Event logs',
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: ['personal'],
  query: { type: 'object', additionalProperties: false },
  fields: FIELDS.split(' ').map((name) => ({ name, max_chars: 600 })),
  limits: { max_items: 5000, max_bytes: 8 * 1024 * 1024, timeout_ms: 5000 },
  binding: { kind: 'attachment' },
};
const prompt = parsePrompt(
  `---
id: summarise
version: "1.0"
step: generate
inputs: [{ name: events, description: The events. }]
output: { type: object }
---
Summarise the events.
`,
  'summarise.md',
);
const workflow = {
  name: 'w',
  scope: { sources: [], tools: [], prompts: ['summarise'] },
} as unknown as WorkflowContract;

describe.skipIf(files.length === 0).each(files)('recorded case %s', (file) => {
  const text = existsSync(folder) ? gunzipSync(readFileSync(new URL(file, folder))).toString('utf8') : '';
  const events = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const attachments = [{ name: file, media_type: 'application/x-ndjson', text }];

  test('D8: every event is read, and no undeclared value reaches the prompt', async () => {
    const reading = await readSource([attachmentSource()], { contract, query: {}, attachments });
    expect([reading.available, reading.count]).toEqual([events.length, events.length]);
    expect(reading.record.fields_left_out).toContain('Message');
    const assembly = assemble({ prompt, workflow, inputs: { events: reading.evidence } });
    const shown = JSON.stringify(open(assembly.request).content);
    for (const event of events) {
      for (const name of ['Message', 'CallTrace', 'Hashes', 'ProcessGuid']) {
        const value = event[name];
        if (typeof value !== 'string' || value.length <= 20) continue;
        expect(shown).not.toContain(JSON.stringify(value.slice(0, 200)).slice(1, -1));
      }
    }
  });

  test('all of it fits into the default budget, with ids that are all different', async () => {
    const reading = await readSource([attachmentSource()], { contract, query: {}, attachments });
    const assembly = assemble({ prompt, workflow, inputs: { events: reading.evidence } });
    expect(assembly.leftOut).toBe(0);
    expect(new Set(assembly.shown).size).toBe(events.length);
    console.log(
      `${file}: ${events.length} events, about ${assembly.tokensEstimated} tokens, ${text.length} characters raw`,
    );
  });

  test('honest logs raise no suspicion', async () => {
    const reading = await readSource([attachmentSource()], { contract, query: {}, attachments });
    expect(reading.findings).toEqual([]);
  });
});
