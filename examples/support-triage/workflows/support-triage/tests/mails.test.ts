import { fileURLToPath } from 'node:url';
import { assemble, attachmentSource, loadPrompts, readSource } from '@portreeve/context';
import { compileSchema } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { expect, test } from 'vitest';
import { TICKETS } from '../../../mail-desk/tickets.ts';
import { ticketMail } from '../sources.ts';
import { sendReplyToCustomer } from '../tools.ts';
import workflow from '../workflow.ts';

const prompts = await loadPrompts(fileURLToPath(new URL('../prompts/', import.meta.url)));
const draftReply = prompts.find((prompt) => prompt.contract.id === 'draft-reply')!;

/** Reads a mail as the workflow does, without the desk. */
async function questionFor(number: string) {
  const { mail } = TICKETS.find(({ ticket }) => ticket === number)!;
  const attachments = [{ name: 'mail.eml', media_type: 'message/rfc822', base64: mail.toString('base64') }];
  const contract = { ...ticketMail, binding: { kind: 'attachment' } } as const;
  const reading = await readSource([attachmentSource()], { contract, query: { ticket: number }, attachments });
  const inputs = { answer: null, mail: reading.evidence };
  const request = open(assemble({ prompt: draftReply, workflow: workflow.contract, inputs }).request);
  const evidence = open(reading.evidence);
  return { evidence, document: reading.record.document!, prompt: JSON.stringify(request) };
}

test('T-1001: the passages of the mail and of its Word document, with their places', async () => {
  const { evidence, document } = await questionFor('T-1001');
  const parts = evidence.map(({ place }) => place!.part);
  expect(new Set(parts)).toEqual(new Set(['', 'body/1', 'body/2!word/document.xml']));
  expect(document.findings).toEqual([]);
});

test('T-1002: the PDF of an invoice is read by its page', async () => {
  const { evidence, document } = await questionFor('T-1002');
  expect(evidence.map(({ fields }) => [fields.part, fields.text])).toContainEqual([
    'body/2!page/1',
    '14 seats at 9.00 each: 126.00 in total',
  ]);
  expect(document.findings).toEqual([]);
});

test.each([
  ['T-2001', { 'CANARY-WHITE': 'same_colour', 'CANARY-NONE': 'hidden_style', 'CANARY-TAG': 'tag_character' }],
  ['T-2002', { 'CANARY-PAPER': 'same_colour', 'CANARY-VANISH': 'hidden_run' }],
])('D3: what %s hides is in no prompt and no evidence, and among the findings', async (number, hidden) => {
  const { evidence, document, prompt } = await questionFor(number);
  expect(JSON.stringify(evidence) + prompt).not.toMatch(/CANARY|[\u{E0000}-\u{E007F}]/u);
  const removed = document.findings.flatMap(({ kind, removed = '' }) => {
    const canary = /CANARY-[A-Z]+/.exec(removed)?.[0];
    return canary === undefined ? [] : [[canary, kind]];
  });
  expect(Object.fromEntries(removed)).toEqual(hidden);
});

test('D3: what T-2002 says to a model in the open is evidence, and noted', async () => {
  const { evidence } = await questionFor('T-2002');
  const note = evidence.find(({ fields }) => String(fields.text).startsWith('Note to the assistant'))!;
  expect(note.place!.findings).toContain('instruction_like');
});

test('an answer that satisfies the prompt satisfies the tool', () => {
  const item = { text: 't'.repeat(300), evidence: Array(10).fill('ev_0001-0123abcd') };
  const longest = { sentences: Array(4).fill(item), summary: Array(8).fill(item) };
  expect(compileSchema(draftReply.contract.output)(longest)).toEqual([]);
  expect(compileSchema(sendReplyToCustomer.args)({ ticket: 'T-1001', ...longest })).toEqual([]);
  expect(compileSchema(draftReply.contract.output)({ ...longest, sentences: [] })).not.toEqual([]);
});
