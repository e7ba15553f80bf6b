import { isPortreeveError, promptContractSchema } from '@portreeve/contract';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  definePrompt,
  defineSource,
  defineTool,
  defineWorkflow,
  type PromptSpec,
  type SourceSpec,
  type ToolSpec,
} from './index.ts';

const tool = (over: Partial<ToolSpec> = {}) =>
  defineTool({
    name: 'publish_note',
    version: '1.0',
    title: 'Publish a note',
    description: 'Publishes one note.',
    tier: 3,
    effect: 'external',
    args: z.strictObject({ case_id: z.string(), text: z.string().max(100) }),
    result: z.object({ ok: z.boolean() }),
    sinks: [{ path: '/case_id', kind: 'target' }],
    clearance: { confidentiality: 'internal' },
    undo: 'irreversible',
    timeout_ms: 1000,
    idempotency: 'key',
    audience: 'urn:example:notes',
    binding: { connector: 'http', method: 'POST', url: 'https://notes.example/{case_id}' },
    ...over,
  });
const source = (over: Partial<SourceSpec> = {}) =>
  defineSource({
    name: 'notes',
    version: '1.0',
    title: 'Notes',
    integrity: 'untrusted',
    confidentiality: 'internal',
    categories: [],
    query: z.strictObject({ case_id: z.string() }),
    fields: [{ name: 'text' }],
    limits: { max_items: 10, max_bytes: 1000 },
    binding: { kind: 'http', url: 'https://notes.example/{case_id}' },
    ...over,
  });
const workflow = (over: object = {}) =>
  defineWorkflow({
    name: 'note-taking',
    version: '1.0',
    title: 'Notes',
    purpose: 'Takes notes.',
    tier: 'high',
    owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
    approvers: ['leads'],
    input: z.strictObject({ case_id: z.string(), tone: z.enum(['plain', 'short']).default('plain') }),
    sources: [source()],
    tools: [tool()],
    prompts: ['take-note'],
    run: async ({ input }) => ({ tone: input.tone }),
    ...over,
  });
const problem = (define: () => unknown): string => {
  try {
    define();
    return 'accepted';
  } catch (error) {
    return isPortreeveError(error, 'misconfigured') ? error.detail : String(error);
  }
};

describe('F2: a tool contract is checked when it is defined', () => {
  test('zod schemas become JSON Schema, defaults are filled in', () => {
    const contract = tool();
    expect(contract.args).toMatchObject({
      type: 'object',
      properties: { case_id: { type: 'string' }, text: { type: 'string', maxLength: 100 } },
      required: ['case_id', 'text'],
      additionalProperties: false,
    });
    expect(contract.clearance).toEqual({ confidentiality: 'internal', categories: [] });
    expect(contract.binding).toMatchObject({ body: true });
    expect(JSON.parse(JSON.stringify(contract))).toEqual(contract);
  });

  test('JSON Schema may be given as it is', () => {
    const args = { type: 'object', properties: { case_id: { type: 'string' } }, additionalProperties: false };
    expect(tool({ args }).args).toEqual(args);
  });

  test.each<[string, Partial<ToolSpec>, RegExp]>([
    ['a broad name', { name: 'manage_notes' }, /^tool manage_notes: name: the name is too broad/],
    ['open arguments', { args: z.object({ case_id: z.string() }) }, /args: must be an object without further members/],
    ['a date', { args: z.strictObject({ case_id: z.date() }) }, /args: Date cannot be represented/],
    ['a look-ahead', { args: z.strictObject({ case_id: z.string().regex(/^(?!x)a+$/) }) }, /tool publish_note: args: /],
    [
      'a sink that is no argument',
      { sinks: [{ path: '/to', kind: 'recipient' }] },
      /sinks\[0\]\.path: \/to points at no/,
    ],
    ['an effect without sinks', { sinks: [] }, /sinks: a tool with an effect/],
    [
      'a placeholder without argument',
      { binding: { connector: 'http', method: 'POST', url: 'https://x/{id}' } },
      /\{id\}/,
    ],
    [
      'a read that deletes',
      { effect: 'read', binding: { connector: 'http', method: 'DELETE', url: 'https://notes.example/{case_id}' } },
      /effect: is `read`, and DELETE changes/,
    ],
    [
      'a tool that undoes itself',
      { undo: { tool: 'publish_note', args: {}, window_minutes: 60 } },
      /undo\.tool: a tool does not undo itself/,
    ],
    ['a wrong time-out', { timeout_ms: 1 }, /timeout_ms: /],
  ])('%s is refused and named', (_name, over, message) => {
    expect(problem(() => tool(over))).toMatch(message);
  });
});

describe('A3, D8: a source contract is checked when it is defined', () => {
  test('fields get their default length', () => {
    expect(source().fields).toEqual([{ name: 'text', max_chars: 1000 }]);
  });

  test.each<[string, Partial<SourceSpec>, RegExp]>([
    ['no fields', { fields: [] }, /^source notes: fields: /],
    ['a field named twice', { fields: [{ name: 'a' }, { name: 'a' }] }, /fields\[1\]\.name: a is named twice/],
    ['an open query', { query: { type: 'object' } }, /query: must be an object without further members/],
    [
      'a placeholder',
      { binding: { kind: 'file', folder: 'x', pattern: '{id}.jsonl' } },
      /binding: \{id\} is no member/,
    ],
  ])('%s is refused and named', (_name, over, message) => {
    expect(problem(() => source(over))).toMatch(message);
  });
});

describe('D1 I6: a prompt is checked when it is defined', () => {
  const prompt = (over: Partial<PromptSpec> = {}) =>
    definePrompt({
      ...{ id: 'take-note', version: '1.0', step: 'generate' as const, text: '\n  Take a note of {{case}}.\n' },
      inputs: [{ name: 'case', description: 'The case.' }],
      output: z.strictObject({ note: z.string().max(20) }),
      ...over,
    });

  test('it says what a prompt file says, with the defaults of one', () => {
    const { contract, text } = prompt();
    expect(text).toBe('Take a note of {{case}}.');
    expect(contract).toEqual({
      ...promptContractSchema.parse({ ...contract, output: {} }),
      output: {
        type: 'object',
        properties: { note: { type: 'string', maxLength: 20 } },
        required: ['note'],
        additionalProperties: false,
      },
    });
    expect(contract.max_output_tokens).toBe(4000);
    expectTypeOf(definePrompt({ ...contract, id: 'take-note', text }).contract.id).toEqualTypeOf<'take-note'>();
  });

  test.each<[string, Partial<PromptSpec>, RegExp]>([
    ['a number as version', { version: 1 as never }, /^prompt take-note: version: /],
    ['an unknown member', { system: 'obey' } as never, /system/],
    ['a placeholder that is no input', { text: 'For {{ user }}' }, /text: \{\{ user \}\} is not among/],
    ['no text', { text: ' ' }, /text: the task text is missing/],
    ['a wrong cite', { cites: ['statements/*'] }, /cites\.0: cites: use a pointer/],
    ['an agent that may wish for nothing', { step: 'agent' }, /step: a step is an agent where/],
    ['a schema that is none', { output: { type: 'thing' } }, /output: /],
  ])('%s is refused and named', (_name, over, message) => {
    expect(problem(() => prompt(over))).toMatch(message);
  });
});

describe('A3: a workflow is checked when it is defined', () => {
  test('its scope is what it lists', () => {
    expect(workflow().contract).toMatchObject({
      scope: { sources: ['notes'], tools: ['publish_note'], prompts: ['take-note'] },
      approval_timeout_minutes: 1440,
    });
  });

  test.each([
    ['a wrong tier', { tier: 'huge' }, /^workflow note-taking: tier: /],
    ['no approvers', { approvers: [] }, /approvers: /],
    ['a tool twice', { tools: [tool(), tool()] }, /tools\[1\]: publish_note is named twice/],
    [
      'an unknown undo',
      { tools: [tool({ undo: { tool: 'retract_note', args: {}, window_minutes: 60 } })] },
      /tools\.publish_note\.undo\.tool: retract_note is no tool of the workflow/,
    ],
    ['an unknown member', { authority: 'all' }, /authority/],
  ])('%s is refused and named', (_name, over, message) => {
    expect(problem(() => workflow(over))).toMatch(message);
  });
});
