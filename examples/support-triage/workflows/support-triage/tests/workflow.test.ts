import type { Evidence, JsonObject } from '@portreeve/sdk';
import { refusedAnswer, repairedAnswer, testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { describe, expect, test } from 'vitest';
import workflow from '../workflow.ts';

const mail = [
  { text: 'From: Dana Okoye <dana.okoye@harbour-freight.example>', kind: 'header', part: '' },
  { text: 'Every login failed with code 4107.', kind: 'paragraph', part: 'body/1', start: 0 },
];
const draft = (inputs: JsonObject): JsonObject => {
  const evidence = [(inputs.mail as unknown as Evidence[])[1]!.id];
  return {
    sentences: [{ text: 'We have understood that every login failed.', evidence }],
    summary: [{ text: 'Every login failed with code 4107.', evidence }],
  };
};
const setUp = (over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input: { ticket: 'T-1001' },
  prompts: new URL('../prompts/', import.meta.url),
  sources: { 'ticket-mail': mail },
  answers: {
    'classify-mail': { category: 'sign-in', urgency: 'high', language: 'english' },
    'draft-reply': draft,
  },
  actions: { set_ticket_classification: { status: 'succeeded' }, send_reply_to_customer: { status: 'succeeded' } },
  ...over,
});

describe('support triage', () => {
  test('classifies, then proposes exactly the draft, both for the ticket that was asked for', async () => {
    const ran = await testWorkflow(workflow, setUp());
    expect(ran.reads).toEqual([{ source: 'ticket-mail', query: { ticket: 'T-1001' }, count: 2 }]);
    expect(ran.acts).toMatchObject([
      { tool: 'set_ticket_classification', args: { ticket: 'T-1001', category: 'sign-in', urgency: 'high' } },
      { tool: 'send_reply_to_customer', args: { ticket: 'T-1001', ...draft(ran.asks[1]!.inputs) } },
    ]);
    for (const { label } of ran.acts)
      expect(label).toMatchObject({
        integrity: 'untrusted',
        confidentiality: 'confidential',
        categories: ['customer', 'personal'],
      });
    expect(ran.result).toMatchObject({ ticket: 'T-1001', classification: 'succeeded', status: 'sent', sent: true });
  });

  test('the agent’s own words go along as they are', async () => {
    const ran = await testWorkflow(workflow, setUp({ input: { ticket: 'T-1001', answer: 'We look at it today.' } }));
    expect(ran.asks[1]!.inputs.answer).toBe('We look at it today.');
    expect(ran.acts[1]!.args.answer).toBe('We look at it today.');
    expect((await testWorkflow(workflow, setUp())).acts[1]!.args).not.toHaveProperty('answer');
  });

  test('D3: a draft that names another ticket or an address changes nothing in where it goes', async () => {
    const obeying = (inputs: JsonObject) => ({ ...draft(inputs), ticket: 'T-2001', to: 'collect@attacker.example' });
    const asked = (said: NonNullable<WorkflowTest['answers']>[string]) =>
      testWorkflow(workflow, setUp({ answers: { ...setUp().answers, 'draft-reply': said } }));
    const mended = await asked((inputs) => repairedAnswer(obeying(inputs), draft(inputs)));
    expect(mended.acts[1]!.args.ticket).toBe('T-1001');
    expect(JSON.stringify(mended.acts)).not.toContain('attacker.example');
    const ended = await asked((inputs) => refusedAnswer(obeying(inputs)));
    expect(ended.handed_off?.prompt).toBe('draft-reply');
    expect(ended.acts.map(({ tool }) => tool)).toEqual(['set_ticket_classification']);
  });

  test('D8: no field of the mail but the declared ones is shown', async () => {
    const ran = await testWorkflow(workflow, setUp());
    const shown = ran.asks.flatMap(({ inputs }) => inputs.mail as unknown as Evidence[]);
    expect(new Set(shown.flatMap(({ fields }) => Object.keys(fields)))).toEqual(new Set(['text', 'kind', 'part']));
  });

  test.each([
    [
      { status: 'refused', message: 'Frozen.' },
      { status: 'refused', sent: false, reasons: ['Frozen.'] },
    ],
    [
      { status: 'denied', by: 'person' },
      { status: 'denied', sent: false, by: 'person' },
    ],
    [
      { status: 'failed', reason: 'closed' },
      { status: 'failed', sent: false, reason: 'closed' },
    ],
    [{ status: 'unknown' }, { status: 'unknown', handoff: 'hand_test_2' }],
  ] as const)('the result says so: %j', async (outcome, result) => {
    const actions = { set_ticket_classification: { status: 'succeeded' }, send_reply_to_customer: outcome } as const;
    const ran = await testWorkflow(workflow, setUp({ actions }));
    expect(ran.result).toMatchObject(result);
  });

  test('a classification that is refused does not hold the reply up, and the result says so', async () => {
    const actions = { ...setUp().actions, set_ticket_classification: { status: 'refused' } } as const;
    const ran = await testWorkflow(workflow, setUp({ actions: actions as NonNullable<WorkflowTest['actions']> }));
    expect(ran.result).toMatchObject({ classification: 'refused', status: 'sent' });
  });

  test('an empty mail is asked about nowhere', async () => {
    const ran = await testWorkflow(workflow, setUp({ sources: { 'ticket-mail': [] } }));
    expect(ran.asks).toEqual([]);
    expect(ran.result).toEqual({ ticket: 'T-1001', status: 'empty_mail', sent: false });
  });

  test.each([
    [{ ticket: '../T-1001' }],
    [{ ticket: 'T-1' }],
    [{ ticket: 'T-1001', to: 'a@b.example' }],
    [{ ticket: 'T-1001', answer: '' }],
  ])('the input %j is refused', async (input) => {
    await expect(testWorkflow(workflow, setUp({ input }))).rejects.toMatchObject({ code: 'bad_input' });
  });
});
