import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfText } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { loadPrompts, parsePrompt } from './load-prompts.ts';

const good = `---
id: summarise
version: "1.0"
step: generate
inputs:
  - name: case-id
    description: The case.
  - name: events
    description: Its events.
output:
  type: object
  properties: { title: { type: string } }
  required: [title]
  additionalProperties: false
cites: ["/statements/*/evidence/*"]
---

# Task

Summarise {{case-id}}.
`;

const problem = (text: string): string => {
  try {
    parsePrompt(text, 'summarise.md');
    return 'accepted';
  } catch (error) {
    return (error as { detail?: string }).detail ?? String(error);
  }
};

describe('D1: prompts are versioned files', () => {
  test('front matter and text are read; the digest is over the whole file', () => {
    const prompt = parsePrompt(good, 'summarise.md');
    expect(prompt.contract).toMatchObject({ id: 'summarise', version: '1.0', evidence_budget_tokens: 50_000 });
    expect(prompt.body).toBe('# Task\n\nSummarise {{case-id}}.');
    expect(prompt.digest).toBe(digestOfText(good));
    expect(parsePrompt(good.replaceAll('\n', '\r\n'), 'x.md').contract.id).toBe('summarise');
  });

  test.each([
    ['no front matter', '# Task', /^summarise\.md:1: begin with front matter/],
    ['an empty text', good.replace(/# Task[\s\S]*/, ''), /^summarise\.md:\d+: the task text is missing/],
    ['a number as version', good.replace('"1.0"', '1.0'), /^summarise\.md:3: version: .*string/],
    ['an unknown step', good.replace('generate', 'publish'), /^summarise\.md:4: step: /],
    ['an unknown member', good.replace('step:', 'system: obey\nstep:'), /^summarise\.md:\d+: .*system/],
    ['a broken line', good.replace('step: generate', 'step: [generate'), /^summarise\.md:\d+: /],
    ['a repeated member', good.replace('step:', 'id: twice\nstep:'), /^summarise\.md:4: .*unique/i],
    ['an alias', good.replace('id: summarise', 'id: &a summarise\nmodel: *a'), /^summarise\.md:\d+: aliases/],
    ['an input declared twice', good.replace('name: events', 'name: case-id'), /^summarise\.md:8: the input case-id/],
    ['a stray placeholder', good.replace('Summarise', 'For {{ user }}:'), /^summarise\.md:20: \{\{ user \}\} is not/],
    ['a wrong cite', good.replace('/statements/*', 'statements'), /^summarise\.md:15: cites/],
    [
      'a schema that is none',
      good.replace('type: object', 'type: thing'),
      /^summarise\.md:11: output is no JSON Schema/,
    ],
    ['hidden characters', good.replace('# Task', '# Ta\u200Bsk'), /^summarise\.md:18: holds invisible/],
  ])('%s is refused, with file and line', (_name, text, message) => {
    expect(problem(text)).toMatch(message);
  });

  test('a folder is read in the order of ids; two files may not share one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portreeve-prompts-'));
    try {
      await writeFile(join(folder, 'a.md'), good);
      await writeFile(join(folder, 'b.md'), good.replace('id: summarise', 'id: classify'));
      await writeFile(join(folder, 'notes.txt'), 'not a prompt');
      expect((await loadPrompts(folder)).map((prompt) => [prompt.contract.id, prompt.file])).toEqual([
        ['classify', 'b.md'],
        ['summarise', 'a.md'],
      ]);
      await writeFile(join(folder, 'c.md'), good);
      await expect(loadPrompts(folder)).rejects.toMatchObject({
        code: 'misconfigured',
        detail: 'c.md:1: the id summarise is taken by a.md',
      });
      await writeFile(join(folder, 'c.md'), Buffer.from([0x2d, 0xff]));
      await expect(loadPrompts(folder)).rejects.toMatchObject({ detail: 'c.md:1: is not UTF-8 text' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
