import { BOTTOM, canonicalJson, Labelled, type WorkflowContract } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { describe, expect, test } from 'vitest';
import type { AgentTalk } from '../agent-turns.ts';
import { assemble } from '../assemble.ts';
import { labelEvidence, makeEvidence } from '../evidence.ts';
import { parsePrompt } from '../load-prompts.ts';
import { redactSecrets, SECRET_REMOVED } from './redact-secrets.ts';

const KEY = `AKIA${'IOSFODNN7EXAMPLE'}`;
const PASSWORD = 'hunter-2-tulip';
const prompt = parsePrompt(
  `---
id: summarize
version: "1.0"
step: generate
inputs:
  - { name: logs, description: Logs }
  - { name: remark, description: A remark }
output: { type: object, properties: { text: { type: string, maxLength: 200 } }, required: [text], additionalProperties: false }
---
Summarise. The remark: {{remark}}
`,
  'prompt.md',
);
const workflow = {
  name: 'w',
  scope: { sources: [], tools: [], prompts: ['summarize'] },
} as unknown as WorkflowContract;
const untrusted = { ...BOTTOM, integrity: 'untrusted', origins: ['logs'] } as const;
const question = (fields: object[], remark: string, talk?: AgentTalk) =>
  assemble({
    prompt,
    workflow,
    inputs: {
      logs: labelEvidence(
        fields.map((each, index) => makeEvidence('logs', index + 1, each as never)),
        untrusted,
      ),
      remark,
    },
    ...(talk ? { talk } : {}),
  });

describe('A6: what looks like a credential is taken out of a question', () => {
  test('of evidence, of what was asked, and wherever it stands again', async () => {
    const before = question(
      [{ line: `signed in with ${KEY}` }, { password: PASSWORD }, { line: `then ${PASSWORD} again, and 42 more` }],
      `Why is password: ${PASSWORD} in it?`,
    );
    const after = await redactSecrets(before);
    const { content, input_digest } = open(after.request);
    const text = canonicalJson(content.map((block) => block.text));
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(PASSWORD);
    expect(text).toContain(`then ${SECRET_REMOVED} again, and 42 more`);
    expect(after.record.secrets_redacted).toBe(4);
    // Ids, the prompt's own words and the label stay.
    expect(after.shown).toEqual(before.shown);
    expect(content.map((block) => (block.type === 'evidence' ? block.id : null)).filter(Boolean)).toEqual(before.shown);
    expect(text).toContain('Summarise.');
    expect(after.label).toEqual(before.label);
    expect(after.record.input_digest).toBe(input_digest);
    expect(input_digest).not.toBe(before.inputDigest);
  });

  test('of what the tools of an agent answered', async () => {
    const result = { id: 'call_1', value: new Labelled({ out: `token ${KEY}` }, untrusted), failed: false };
    const talk: AgentTalk = {
      tools: [],
      closed: false,
      turns: [{ answer: new Labelled([{ type: 'text', text: 'I look.' }], untrusted), results: [result] }],
    };
    const after = await redactSecrets(question([{ line: 'nothing' }], 'none', talk));
    expect(canonicalJson(open(after.request).turns as never)).not.toContain(KEY);
    expect(after.record.secrets_redacted).toBe(1);
  });

  test('a question without any stays the question that it was, and the record says that it was looked', async () => {
    const before = question([{ line: 'alice signed in' }], 'Why?');
    const after = await redactSecrets(before);
    expect(after.request).toBe(before.request);
    expect(after.record).toEqual({ ...before.record, secrets_redacted: 0 });
  });

  test('a key that looks like one ends the question unsent', async () => {
    await expect(redactSecrets(question([{ line: { [KEY]: 1 } }], 'Why?'))).rejects.toMatchObject({ code: 'refused' });
  });
});
