import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, digestOfText } from '@portreeve/contract';
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

describe('D1 I6: a prompt in TypeScript is the prompt file that it stands for', () => {
  const { contract, body: text } = parsePrompt(good, 'summarise.md');
  const load = async (file: string) => ((await import(file)) as { readonly default?: unknown }).default;
  const loaded = async (files: { readonly [name: string]: string }) => {
    const folder = await mkdtemp(join(tmpdir(), 'portreeve-prompts-'));
    try {
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
      return await loadPrompts(folder, load);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const module = (exported: unknown) => `export default ${JSON.stringify(exported)};\n`;

  test('the same contract and text; the digest is over what it says, and not over how its module says it', async () => {
    const [prompt] = await loaded({ 'summarise.ts': module({ contract, text }) });
    expect(prompt).toMatchObject({ contract, body: text, file: 'summarise.ts' });
    const said = `---\n${canonicalJson(contract)}\n---\n\n${text}\n`;
    expect(prompt!.digest).toBe(digestOfText(said));
    expect(parsePrompt(said, 'x.md')).toMatchObject({ contract, body: text, digest: prompt!.digest });
    const other = await loaded({ 'summarise.ts': `const said = 7;\n${module({ text, contract })}` });
    expect(other[0]!.digest).toBe(prompt!.digest);
    const changed = await loaded({ 'summarise.ts': module({ contract: { ...contract, version: '1.1' }, text }) });
    expect(changed[0]!.digest).not.toBe(prompt!.digest);
  });

  test('it keeps the same rules, beside files', async () => {
    const refused = (files: { readonly [name: string]: string }, detail: string) =>
      expect(loaded(files)).rejects.toMatchObject({ code: 'misconfigured', detail: expect.stringContaining(detail) });
    await refused({ 'a.ts': module({ contract, text: 'For {{user}}' }) }, '{{user}} is not among the declared inputs');
    await refused({ 'a.ts': module({ contract, text: 'Ta\u200bsk' }) }, 'holds invisible');
    await refused({ 'a.ts': module({ contract, text: 'x'.repeat(20_001) }) }, 'longer than');
    await refused({ 'a.ts': module({ contract: { ...contract, system: 'obey' }, text }) }, 'system');
    await refused({ 'a.ts': 'export const prompt = 1;\n' }, 'a.ts:1: exports no prompt: export `definePrompt');
    await refused({ 'a.md': good, 'b.ts': module({ contract, text }) }, 'the id summarise is taken by a.md');
  });

  test('what was made of a module, its types and its tests are no prompts of their own', async () => {
    const made = module({ contract, text });
    const found = await loaded({ 'a.ts': made, 'a.js': made, 'a.d.ts': 'export {};', 'a.test.ts': 'export {};' });
    expect(found.map(({ file }) => file)).toEqual(['a.ts']);
    expect((await loaded({ 'a.js': made })).map(({ file }) => file)).toEqual(['a.js']);
  });
});
