import { at as partOf } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { at, defineSource, defineTool, defineWorkflow, type WorkflowContext } from '../index.ts';
import { testWorkflow, type WorkflowTest } from './index.ts';

const source = defineSource({
  name: 'notes',
  version: '1.0',
  title: 'Notes',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: ['personal'],
  query: z.strictObject({ id: z.string() }),
  fields: [{ name: 'text' }],
  limits: { max_items: 10, max_bytes: 1000 },
  binding: { kind: 'attachment' },
});
const tool = defineTool({
  name: 'publish_note',
  version: '1.0',
  title: 'Publish a note',
  description: 'Publishes one note.',
  tier: 3,
  effect: 'external',
  args: z.strictObject({ id: z.string(), lines: z.array(z.strictObject({ text: z.string().max(20) })) }),
  result: z.object({}),
  sinks: [{ path: '/id', kind: 'target' }],
  clearance: { confidentiality: 'internal' },
  undo: 'irreversible',
  timeout_ms: 1000,
  idempotency: 'key',
  audience: 'urn:example:notes',
  binding: { connector: 'http', method: 'POST', url: 'https://notes.example/{id}' },
});
type Input = { id: string; tone: string };
const define = (run: (context: WorkflowContext<Input>) => Promise<{ [key: string]: string } | undefined>) =>
  defineWorkflow({
    name: 'note-taking',
    version: '1.0',
    title: 'Notes',
    purpose: 'Takes notes.',
    tier: 'high',
    owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
    approvers: ['leads'],
    input: z.strictObject({ id: z.string().max(8), tone: z.string().default('plain') }),
    sources: [source],
    tools: [tool],
    prompts: ['take-note', 'plan'],
    run,
  });
const whole = define(async (context) => {
  const notes = await context.read('notes', { id: context.input.id });
  const answer = await context.ask('take-note', { tone: context.input.tone, notes: notes.evidence });
  const outcome = await context.act(
    'publish_note',
    { id: context.input.id, lines: [{ text: at<string>(at(answer, '/lines'), '/0') }] },
    { rationale: 'asked for', evidence: notes.evidence },
  );
  return { status: outcome.status };
});
const setUp = (over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input: { id: 'n1' },
  sources: { notes: [{ text: 'hello', secret: 'never' }] },
  answers: { 'take-note': (inputs) => ({ lines: [`read ${(inputs.notes as unknown[]).length}`] }) },
  actions: { publish_note: { status: 'succeeded' } },
  ...over,
});

describe('I6: a workflow runs in memory', () => {
  test('every call is written down with its content and its label', async () => {
    const ran = await testWorkflow(whole, setUp());
    expect(ran.result).toEqual({ status: 'succeeded' });
    expect(ran.reads).toEqual([{ source: 'notes', query: { id: 'n1' }, count: 1 }]);
    expect(ran.asks[0]?.inputs).toMatchObject({
      tone: 'plain',
      notes: [{ source: 'notes', fields: { text: 'hello' } }],
    });
    expect(JSON.stringify(ran)).not.toContain('never');
    expect(ran.acts[0]).toMatchObject({
      tool: 'publish_note',
      args: { id: 'n1', lines: [{ text: 'read 1' }] },
      label: {
        integrity: 'untrusted',
        confidentiality: 'internal',
        categories: ['personal'],
        origins: ['model:take-note', 'notes', 'request'],
      },
      rationale: 'asked for',
      status: 'succeeded',
    });
    expect(ran.acts[0]?.evidence[0]).toMatch(/^ev_0001-[0-9a-f]{8}$/);
  });

  test.each([['failed'], ['unknown'], ['refused'], ['denied']] as const)('an action may be %s', async (status) => {
    expect((await testWorkflow(whole, setUp({ actions: { publish_note: { status } } }))).result).toEqual({ status });
  });

  test('A3: input, scope, query and arguments are held to the contract', async () => {
    await expect(testWorkflow(whole, setUp({ input: { id: 'n1', more: 1 } }))).rejects.toMatchObject({
      code: 'bad_input',
    });
    const stray = (run: (context: WorkflowContext<Input>) => Promise<unknown>) =>
      testWorkflow(
        define(async (context) => {
          await run(context);
          return undefined;
        }),
        setUp(),
      );
    await expect(stray((context) => context.read('files', {}))).rejects.toMatchObject({ code: 'out_of_scope' });
    await expect(stray((context) => context.ask('other', {}))).rejects.toMatchObject({ code: 'out_of_scope' });
    await expect(stray((context) => context.act('delete_note', {}, { rationale: '' }))).rejects.toMatchObject({
      code: 'out_of_scope',
    });
    await expect(stray((context) => context.read('notes', { id: 1 }))).rejects.toMatchObject({ code: 'bad_input' });
    await expect(
      stray((context) =>
        context.act('publish_note', { id: 'n1', lines: [{ text: 'x'.repeat(21) }] }, { rationale: '' }),
      ),
    ).rejects.toMatchObject({ code: 'bad_input' });
  });

  test('a part that is not there, and a part taken past the SDK, are errors', async () => {
    const acting = (pick: typeof at) =>
      testWorkflow(
        define(async (context) => {
          const answer = await context.ask('take-note', { tone: 'x' });
          await context.act('publish_note', { id: pick(answer, '/nowhere'), lines: [] }, { rationale: '' });
          return undefined;
        }),
        setUp({ answers: { 'take-note': {} } }),
      );
    await expect(acting(at)).rejects.toThrow('/id points at a value that is not there');
    await expect(acting(partOf)).rejects.toThrow('take parts with `at`');
  });

  test('what the test forgot is named', async () => {
    await expect(testWorkflow(whole, setUp({ answers: {} }))).rejects.toThrow('under answers for take-note');
  });
});

describe('I6 D5: quarantine in memory', () => {
  const planning = (plan: (inputs: { readonly [name: string]: unknown }) => string) =>
    testWorkflow(
      define(async (context) => {
        const notes = await context.read('notes', { id: context.input.id });
        const read = await context.quarantine('take-note', { notes: notes.evidence });
        const planned = await context.ask('plan', { read: at(read, '/kind') });
        await context.act(
          'publish_note',
          { id: context.input.id, lines: [{ text: at<string>(planned, '/text') }] },
          { rationale: 'asked for' },
        );
        return undefined;
      }),
      setUp({
        answers: { 'take-note': { kind: 'complaint' }, plan: (inputs) => ({ text: plan(inputs) }) },
        handles: { plan: ['read'] },
      }),
    );

  test('the planner is given a handle and no text; what it names is the value, with its label', async () => {
    const ran = await planning(({ read }) => String(read));
    expect(ran.asks.map(({ prompt, quarantined }) => [prompt, quarantined])).toEqual([
      ['take-note', true],
      ['plan', false],
    ]);
    expect(ran.asks[1]).toMatchObject({ inputs: { read: '«handle:q1/kind»' }, label: { integrity: 'trusted' } });
    expect(ran.acts[0]).toMatchObject({ args: { lines: [{ text: 'complaint' }] }, label: { integrity: 'untrusted' } });
  });

  test('a handle that it was not shown is refused, as are text in its place and an input that is none', async () => {
    await expect(planning(() => '«handle:q1»')).rejects.toMatchObject({ code: 'bad_input' });
    await expect(planning(({ read }) => `see ${read}`)).rejects.toMatchObject({ code: 'bad_input' });
    const stray = define(async (context) => {
      await context.ask('take-note', { tone: 'x' });
      return undefined;
    });
    await expect(testWorkflow(stray, setUp({ handles: { 'take-note': ['tone'] } }))).rejects.toMatchObject({
      code: 'misconfigured',
    });
  });
});

test('F10: a failed action of several steps is unwound in reverse, with the arguments that the contracts give', async () => {
  const common = {
    version: '1.0',
    description: 'A step.',
    tier: 2 as const,
    effect: 'write' as const,
    sinks: [{ path: '/id', kind: 'target' as const }],
    clearance: { confidentiality: 'internal' as const },
    timeout_ms: 1000,
    idempotency: 'none' as const,
    audience: 'urn:example:steps',
  };
  const post = (name: string) =>
    ({ connector: 'http', method: 'POST', url: `https://steps.example/${name}`, body: true }) as const;
  const close = defineTool({
    ...{ ...common, name: 'close_room', title: 'Close', args: z.strictObject({ room: z.string(), id: z.string() }) },
    ...{ result: z.object({}), undo: 'irreversible', binding: post('close') },
  });
  const open = defineTool({
    ...{ ...common, name: 'open_room', title: 'Open', args: z.strictObject({ id: z.string() }) },
    ...{ result: z.object({ room: z.string() }), binding: post('open') },
    undo: {
      tool: 'close_room',
      args: { room: { from: 'result', pointer: '/room' }, id: { from: 'args', pointer: '/id' } },
      window_minutes: 60,
    },
  });
  const mail = defineTool({
    ...{ ...common, name: 'mail_guests', title: 'Mail', args: z.strictObject({ id: z.string() }) },
    ...{ result: z.object({}), undo: 'irreversible', binding: post('mail') },
  });
  const steps = defineWorkflow({
    ...{ name: 'steps', version: '1.0', title: 'Steps', purpose: 'Takes steps.', tier: 'low' },
    owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
    ...{ approvers: ['leads'], input: z.strictObject({}), sources: [], tools: [open, close, mail], prompts: [] },
    async run({ act, unwind }) {
      for (const id of ['one', 'two']) await act('open_room', { id }, { rationale: 'needed' });
      const mailed = await act('mail_guests', { id: 'one' }, { rationale: 'needed' });
      if (mailed.status !== 'succeeded') throw new Error('not mailed');
      const failed = await act('open_room', { id: 'three' }, { rationale: 'needed' });
      const { left, ...unwound } = await unwind({ rationale: `step 4 ${failed.status}` });
      return { ...unwound, left: left.map((each) => each.tool) };
    },
  });
  const test = (close: 'succeeded' | 'failed') =>
    testWorkflow(steps, {
      input: {},
      actions: {
        open_room: ({ id }) =>
          id === 'three' ? { status: 'failed' } : { status: 'succeeded', result: { room: `r-${id}` } },
        mail_guests: { status: 'succeeded' },
        close_room: { status: close },
      },
    });
  const whole = await test('succeeded');
  expect(whole.result).toEqual({ status: 'unwound', undone: 2, left: ['mail_guests'], handoff: 'hand_test_unwind' });
  expect(whole.acts.slice(4).map(({ tool, args }) => [tool, args])).toEqual([
    ['close_room', { room: 'r-two', id: 'two' }],
    ['close_room', { room: 'r-one', id: 'one' }],
  ]);
  const stopped = await test('failed');
  expect(stopped.result).toMatchObject({
    status: 'stopped',
    undone: 0,
    left: ['mail_guests', 'open_room', 'open_room'],
  });
});
