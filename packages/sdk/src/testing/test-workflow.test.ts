import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { at as partOf } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  at,
  definePrompt,
  defineSource,
  defineTool,
  defineWorkflow,
  type Evidence,
  type JsonObject,
  type WorkflowContext,
} from '../index.ts';
import { refusedAnswer, repairedAnswer, TestFault, testWorkflow, type WorkflowTest } from './index.ts';

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
const input = (name: string, handle?: true) => ({ name, description: `The ${name}.`, ...(handle ? { handle } : {}) });
const prompts = [
  definePrompt({
    ...{ id: 'take-note', version: '1.0', step: 'extract', text: 'Take a note.', cites: ['/from/*'] },
    inputs: [input('tone'), input('notes')],
    output: z.strictObject({
      lines: z.array(z.string()).optional(),
      kind: z.string().optional(),
      from: z.array(z.string()).optional(),
    }),
  }),
  definePrompt({
    ...{ id: 'plan', version: '1.0', step: 'generate', text: 'Plan {{read}}.', inputs: [input('read', true)] },
    output: z.strictObject({ text: z.string() }),
  }),
];
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
  prompts,
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
    const { prompts: _, ...without } = setUp();
    await expect(testWorkflow(whole, without)).rejects.toThrow('the test does not say where the prompts are');
    await expect(testWorkflow(whole, setUp({ prompts: [] }))).rejects.toThrow(
      'the prompts of the test have no take-note',
    );
  });
});

describe('I6 E3: an answer that a run would not take', () => {
  const answering = (answer: NonNullable<WorkflowTest['answers']>[string]) =>
    setUp({ answers: { 'take-note': answer } });

  test('fails the test, whatever the code makes of it', async () => {
    const swallowing = define(async (context) => {
      await context.ask('take-note', { tone: 'x' }).catch(() => null);
      return { status: 'went on' };
    });
    for (const definition of [whole, swallowing]) {
      const running = testWorkflow(definition, answering({ lines: [7] }));
      await expect(running).rejects.toThrow(/answer of take-note does not fit its prompt: \/lines\/0 .*refusedAnswer/);
      await expect(running).rejects.toBeInstanceOf(TestFault);
      const broken = () => {
        throw new Error('the test is wrong');
      };
      await expect(testWorkflow(definition, answering(broken))).rejects.toThrow('the test is wrong');
    }
  });

  test('as does one that cites what was not shown', async () => {
    const cites = (id: string) => (inputs: JsonObject) => ({
      lines: ['x'],
      from: [id === '' ? (inputs.notes as unknown as Evidence[])[0]!.id : id],
    });
    await expect(testWorkflow(whole, answering(cites('ev_0001-00000000')))).rejects.toThrow(
      '/from/0 is not the id of evidence that was shown',
    );
    expect((await testWorkflow(whole, answering(cites('')))).result).toEqual({ status: 'succeeded' });
  });

  test('meant as that, it ends the run there, and a person has the question', async () => {
    const ran = await testWorkflow(whole, answering(refusedAnswer({ lines: [7] })));
    expect(ran).toMatchObject({ result: undefined, handed_off: { prompt: 'take-note' }, acts: [] });
    expect(ran.handed_off!.errors).toEqual([expect.stringContaining('/lines/0')]);
    expect(ran.asks).toMatchObject([{ prompt: 'take-note', refused: 2 }]);
    // As in a real run, code that goes on does nothing more.
    const stubborn = define(async (context) => {
      await context.ask('take-note', { tone: 'x' }).catch(() => null);
      await context.act('publish_note', { id: 'n1', lines: [] }, { rationale: '' }).catch(() => null);
      return { status: 'went on' };
    });
    const ended = await testWorkflow(
      stubborn,
      answering(() => refusedAnswer('none')),
    );
    expect(ended).toMatchObject({ result: undefined, handed_off: { prompt: 'take-note' }, acts: [] });
  });

  test('or is mended in the one repair', async () => {
    const ran = await testWorkflow(whole, answering(repairedAnswer({ lines: [7] }, { lines: ['mended'] })));
    expect(ran.handed_off).toBeNull();
    expect(ran.asks).toMatchObject([{ refused: 1 }]);
    expect(ran.acts[0]?.args).toMatchObject({ lines: [{ text: 'mended' }] });
    expect((await testWorkflow(whole, setUp())).asks).toMatchObject([{ refused: 0 }]);
  });

  test('what is meant as bad must be bad, and what mends it good', async () => {
    await expect(testWorkflow(whole, answering(refusedAnswer({ lines: ['x'] })))).rejects.toThrow('fits its prompt');
    await expect(testWorkflow(whole, answering(repairedAnswer({ lines: [7] }, { lines: [8] })))).rejects.toThrow(
      'the repaired answer of take-note does not fit its prompt: /lines/0',
    );
  });

  test('the prompts are read from their folder, Markdown and modules', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portreeve-prompts-'));
    try {
      const { contract, text } = prompts[1]!;
      await writeFile(join(folder, 'take-note.md'), `---\n${JSON.stringify(prompts[0]!.contract)}\n---\nTake it.\n`);
      await writeFile(join(folder, 'plan.ts'), `export default ${JSON.stringify({ contract, text })};\n`);
      const at = pathToFileURL(folder);
      expect((await testWorkflow(whole, setUp({ prompts: at }))).result).toEqual({ status: 'succeeded' });
      await expect(testWorkflow(whole, { ...answering({ lines: [7] }), prompts: at })).rejects.toThrow('/lines/0');
      await writeFile(join(folder, 'other.md'), 'no head');
      await expect(testWorkflow(whole, setUp({ prompts: at }))).rejects.toThrow('other.md: the head');
    } finally {
      await rm(folder, { recursive: true });
    }
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
      await context.ask('plan', { read: 'x' });
      return undefined;
    });
    await expect(testWorkflow(stray, setUp())).rejects.toMatchObject({ code: 'misconfigured' });
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
