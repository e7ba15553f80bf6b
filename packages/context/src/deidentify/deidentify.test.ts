import type { WorkflowContract } from '@portreeve/contract';
import { digestOf, type EvidenceId, type Label, Labelled, type ModelRequest } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { describe, expect, test } from 'vitest';
import { assemble, type PromptInputs } from '../assemble.ts';
import { labelEvidence, makeEvidence } from '../evidence.ts';
import { parsePrompt } from '../load-prompts.ts';
import { memoryPseudonymVault } from '../testing/memory-pseudonym-vault.ts';
import { deidentify } from './deidentify.ts';
import { type RestoreArgumentsOptions, restoreArguments } from './restore-arguments.ts';

const EMAIL = 'maria@shop.example';
const CARD = '4111111111111111';
const MAILS: Label = {
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: ['personal', 'customer', 'health'],
  origins: ['mails'],
};
const RECORDS: Label = { ...MAILS, integrity: 'internal', categories: ['customer'], origins: ['crm'] };
const CLEARED = { confidentiality: 'internal', categories: ['personal', 'customer', 'health'] } as const;
const prompt = parsePrompt(
  `---
id: reply
version: "1.0"
step: generate
inputs:
  - { name: contact, description: Whom to write to. }
  - { name: mails, description: The mails. }
  - { name: record, description: What we know. }
output: { type: object, properties: { to: { type: string } }, required: [to], additionalProperties: false }
---
Write as help@our-shop.example to {{contact}}. <input name="contact">no JSON</input>
`,
  'reply.md',
);
const workflow = { name: 'w', scope: { sources: [], tools: [], prompts: ['reply'] } } as unknown as WorkflowContract;
const evidence = (fields: object, label: Label, source: string) =>
  labelEvidence([makeEvidence(source, 1, fields as { [key: string]: string })], label);
const inputs = (over: Partial<PromptInputs> = {}): PromptInputs => ({
  contact: { email: 'lead@partner.example' },
  mails: evidence(
    { from: EMAIL, body: `Refund ${CARD}, I am ill. </input>`, weight: 4111111111111111 },
    MAILS,
    'mails',
  ),
  record: evidence({ owner: 'kim@crm.example' }, RECORDS, 'crm'),
  ...over,
});

function setUp(over: Partial<PromptInputs> = {}) {
  const options = { vault: memoryPseudonymVault(), scope: 'run_1', key: Buffer.alloc(32, 3) };
  const assembly = assemble({ prompt, workflow, inputs: inputs(over) });
  return { options, assembly, hide: () => deidentify(assembly, options) };
}
const textOf = (request: Labelled<ModelRequest>) =>
  open(request)
    .content.map((block) => block.text)
    .join('\n');
/** The pseudonym that stands for a value in this vault. */
const standIn = async ({ vault, scope }: ReturnType<typeof setUp>['options'], value: string) => {
  const found = (await vault.load(scope)).find((entry) => entry.value === value);
  if (!found) throw new Error(`nothing stands for ${value}`);
  return found.pseudonym;
};

describe('a de-identified question', () => {
  test('D9: no value is left, in trusted inputs, evidence and numbers; ids, schema and the author’s words stay', async () => {
    const { assembly, hide } = setUp();
    const { assembly: hidden, replaced } = await hide();
    const text = textOf(hidden.request);
    for (const value of [EMAIL, CARD, 'lead@partner.example', 'kim@crm.example']) expect(text).not.toContain(value);
    expect(text).toContain('Write as help@our-shop.example to <input name="contact">{"email":"p');
    expect(text).toContain('<input name="contact">no JSON</input>');
    expect(replaced).toEqual({ email: 3, card: 2 });

    const [before, after] = [open(assembly.request), open(hidden.request)];
    const ids = (request: ModelRequest) => request.content.flatMap((block) => ('id' in block ? [block.id] : []));
    expect(ids(after)).toEqual(ids(before));
    const { input_digest, ...asked } = after;
    expect(input_digest).toBe(digestOf(asked as never));
    expect({ ...after, content: [], input_digest: '' }).toEqual({ ...before, content: [], input_digest: '' });
    expect(hidden.record).toMatchObject({ input_digest, label: { categories: ['health'] } });
    expect(hidden.inputDigest).toBe(input_digest);
  });

  test('D10: personal and customer leave the label; the level, other categories, integrity and origins stay', async () => {
    const { assembly, hide } = setUp();
    const { assembly: hidden } = await hide();
    expect(hidden.label).toEqual({ ...assembly.label, categories: ['health'] });
    expect(hidden.request.label).toEqual(hidden.label);
  });

  test('D9: what a pseudonym stood for is known by where it stood, and no value is in that', async () => {
    const { options, hide } = setUp({ record: evidence({ owner: EMAIL }, RECORDS, 'crm') });
    const { origins } = await hide();
    const { labels, at } = open(origins);
    const labelOf = async (value: string) => labels[at[await standIn(options, value)]!];
    expect(await labelOf('lead@partner.example')).toMatchObject({ integrity: 'trusted', origins: ['request'] });
    // In both: as untrusted and as secret as either.
    expect(await labelOf(EMAIL)).toMatchObject({ integrity: 'untrusted', origins: ['crm', 'mails'] });
    expect(JSON.stringify(open(origins))).not.toContain('@shop');
  });

  test('D9: what an agent has said and heard has the pseudonyms of the rest, labelled by where it stood', async () => {
    const heard = { ...RECORDS, origins: ['tool:find'] };
    const talkOf = (more: readonly object[], answer: Label = MAILS) => ({
      ...{ tools: [], closed: false },
      turns: [
        {
          answer: new Labelled(
            [
              { type: 'text', text: `I find ${EMAIL}.` },
              { type: 'tool_use', id: 'a', name: 'find', input: { who: EMAIL } },
              ...more,
            ],
            answer,
          ),
          results: [{ id: 'a', value: new Labelled({ owner: 'ida@crm.example', of: EMAIL }, heard), failed: false }],
        },
      ],
    });
    const agent = {
      ...prompt,
      contract: { ...prompt.contract, step: 'agent' as const, agent: { turns: 2, tools: [] } },
    };
    const { options } = setUp();
    const of = (talk: ReturnType<typeof talkOf>) =>
      deidentify(assemble({ prompt: agent, workflow, inputs: inputs(), talk } as never), options);
    const { assembly, origins } = await of(talkOf([]));
    const [turn] = open(assembly.request).turns!;
    const mail = await standIn(options, EMAIL);
    expect(turn!.answer).toEqual([
      { type: 'text', text: `I find ${mail}.` },
      { type: 'tool_use', id: 'a', name: 'find', input: { who: mail } },
    ]);
    const ida = await standIn(options, 'ida@crm.example');
    expect(JSON.parse(turn!.results[0]!.text)).toEqual({ owner: ida, of: mail });
    const { labels, at } = open(origins);
    expect(labels[at[ida]!]).toMatchObject({ integrity: 'internal', origins: ['tool:find'] });

    // A signed thought goes back as it came, and so only where no name was shown to who thought it.
    const thought = { type: 'thinking', thinking: 'Hm.', signature: 'x' };
    await expect(of(talkOf([thought]))).rejects.toMatchObject({ code: 'refused' });
    const after = await of(talkOf([thought], { ...MAILS, categories: ['health'] }));
    expect(open(after.assembly.request).turns![0]!.answer.at(-1)).toEqual(thought);
  });

  test('a key that is personal itself is not sent', async () => {
    const { hide } = setUp({ contact: { [EMAIL]: 1 } });
    await expect(hide()).rejects.toMatchObject({ code: 'refused', detail: expect.not.stringContaining(EMAIL) });
    const names = [
      'user.name',
      'TargetUserName',
      'process_parent_command_line',
      'c-ip',
      'x-forwarded-for',
      'SubjectLogonId',
    ];
    const honest = setUp({ contact: { deep: Object.fromEntries(names.map((name) => [name, 1])) } });
    await expect(honest.hide()).resolves.toBeDefined();
  });

  test('D9: a recogniser that fails, fails the whole', async () => {
    const { assembly, options } = setUp();
    const broken = { recognise: () => Promise.reject(new Error('away')) };
    await expect(deidentify(assembly, { ...options, others: [broken] })).rejects.toThrow('away');
  });
});

describe('arguments for a tool', () => {
  const MODEL: Label = { ...MAILS, categories: ['health'], origins: ['mails', 'model:reply', 'request'] };

  async function hidden() {
    const made = setUp();
    const { origins } = await made.hide();
    const [mail, request, crm] = await Promise.all(
      [EMAIL, 'lead@partner.example', 'kim@crm.example'].map((value) => standIn(made.options, value)),
    );
    const { vault, scope } = made.options;
    const given = (over: Partial<RestoreArgumentsOptions> = {}): RestoreArgumentsOptions => ({
      ...{ vault, scope, origins: [origins], clearance: { ...CLEARED, categories: [...CLEARED.categories] } },
      ...over,
    });
    return { mail: mail!, request: request!, crm: crm!, given };
  }

  test('D6 D9: a tool that is cleared gets the values, labelled as they were, with the origin that they had', async () => {
    const { mail, request, crm, given } = await hidden();
    const answer = new Labelled({ to: mail, cc: [request, crm], text: `Dear ${mail}` }, MODEL);
    const { args, stoodFor, restored, withheld } = await restoreArguments({ case: 'C-1', answer }, given());
    const back = args.answer as Labelled<unknown>;
    expect(open(back)).toEqual({
      ...{ to: EMAIL, cc: ['lead@partner.example', 'kim@crm.example'] },
      text: `Dear ${EMAIL}`,
    });
    expect(back.label).toEqual({
      ...{ integrity: 'untrusted', confidentiality: 'internal', categories: ['customer', 'health', 'personal'] },
      origins: ['crm', 'mails', 'model:reply', 'request'],
    });
    expect(args.case).toBe('C-1');
    expect(stoodFor).toEqual([
      { path: '/answer/to', kind: 'untrusted-document', origins: ['mails'] },
      { path: '/answer/cc/0', kind: 'request', origins: ['request'] },
      { path: '/answer/cc/1', kind: 'trusted-record', origins: ['crm'] },
    ]);
    expect([restored, withheld]).toEqual([{ email: 4 }, {}]);
  });

  test.each([
    { clearance: { confidentiality: 'internal' as const, categories: [] }, back: 'the requester’s own alone' },
    { clearance: { confidentiality: 'internal' as const, categories: ['customer' as const] }, back: 'and the record' },
  ])(
    'D9: a tool cleared for $clearance.categories gets $back; nothing else, and no label of it',
    async ({ clearance }) => {
      const { mail, request, crm, given } = await hidden();
      const answer = new Labelled([mail, request, crm], { ...MODEL, categories: [] });
      const { args, stoodFor } = await restoreArguments({ answer }, given({ clearance }));
      const covered = clearance.categories.length > 0;
      const back = args.answer as Labelled<unknown>;
      expect(open(back)).toEqual([mail, 'lead@partner.example', covered ? 'kim@crm.example' : crm]);
      expect(back.label.categories).toEqual(clearance.categories);
      expect(stoodFor.map(({ path }) => path)).toEqual(covered ? ['/answer/1', '/answer/2'] : ['/answer/1']);
    },
  );

  test('a level counts as much as a category', async () => {
    const { mail, given } = await hidden();
    const clearance = { confidentiality: 'public' as const, categories: [...CLEARED.categories] };
    const { args, withheld } = await restoreArguments({ to: new Labelled(mail, MODEL) }, given({ clearance }));
    expect([open(args.to as Labelled<unknown>), withheld]).toEqual([mail, { email: 1 }]);
  });

  test('where nothing was hidden, or another run hid it, nothing comes back', async () => {
    const { mail, given } = await hidden();
    const args = { to: new Labelled(mail, MODEL) };
    expect((await restoreArguments(args, given({ origins: [] }))).args).toBe(args);
    const elsewhere = await restoreArguments(args, given({ scope: 'run_2' }));
    expect(elsewhere).toMatchObject({ stoodFor: [], restored: {} });
    expect(open(elsewhere.args.to as Labelled<unknown>)).toBe(mail);
  });

  test('a later question has the same pseudonym, and repeating it is no origin', async () => {
    const made = setUp();
    const first = await made.hide();
    const mail = await standIn(made.options, EMAIL);
    const earlier = new Labelled({ to: mail }, { ...MODEL, integrity: 'untrusted' as const });
    const again = await deidentify(assemble({ prompt, workflow, inputs: inputs({ mails: earlier }) }), made.options);
    expect(textOf(again.assembly.request)).toContain(mail);
    expect(Object.keys(open(again.origins).at)).not.toContain(mail);
    const { vault, scope } = made.options;
    const { stoodFor } = await restoreArguments(
      { to: new Labelled(mail, MODEL) },
      {
        vault,
        scope,
        origins: [first.origins, again.origins],
        clearance: { ...CLEARED, categories: [...CLEARED.categories] },
      },
    );
    expect(stoodFor).toEqual([{ path: '/to', kind: 'untrusted-document', origins: ['mails'] }]);
  });

  test('what is no value stays, and evidence is untouched', async () => {
    const { given } = await hidden();
    const nowhere = new Labelled(undefined, MODEL);
    const read = evidence({ from: EMAIL }, MAILS, 'mails');
    const { args } = await restoreArguments({ nowhere, read } as never, given());
    expect([args.nowhere, args.read]).toEqual([nowhere, read]);
    expect((open(args.read as never) as unknown as { id: EvidenceId }[])[0]!.id).toMatch(/^ev_/);
  });
});
