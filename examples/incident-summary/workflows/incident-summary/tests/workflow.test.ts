import { readFileSync } from 'node:fs';
import type { Evidence, JsonObject } from '@portreeve/sdk';
import { refusedAnswer, testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { describe, expect, test } from 'vitest';
import workflow from '../workflow.ts';

const CANARY = 'CANARY-7f3a91c2';
const shippedCase = (id: string): JsonObject[] =>
  readFileSync(new URL(`../../../cases/${id}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject);

/** An answer as a model would give it, citing the first event that it was shown. */
const answer = (inputs: JsonObject): JsonObject => ({
  title: 'Credentials taken on FIN-WS-014',
  severity: 'critical',
  summary: 'A process dumped the memory of LSASS.',
  statements: [{ text: 'A dump was written.', evidence: [(inputs.events as unknown as Evidence[])[0]!.id] }],
  next_steps: ['Look at the sign-in from 203.0.113.47.'],
});
const setUp = (over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input: { case_id: 'CASE-1042' },
  prompts: new URL('../prompts/', import.meta.url),
  sources: { 'case-logs': shippedCase('CASE-1042'), 'attached-logs': shippedCase('CASE-2001') },
  answers: { 'summarise-incident': answer },
  actions: { publish_case_summary: { status: 'succeeded' } },
  ...over,
});

describe('incident summary', () => {
  test('reads the case, asks once, proposes exactly the answer for the case that was asked for', async () => {
    const ran = await testWorkflow(workflow, setUp());
    expect(ran.reads).toEqual([{ source: 'case-logs', query: { case_id: 'CASE-1042' }, count: 41 }]);
    expect(ran.asks).toHaveLength(1);
    expect(ran.asks[0]?.inputs).toMatchObject({ case_id: 'CASE-1042', question: null });
    expect(ran.acts).toHaveLength(1);
    expect(ran.acts[0]).toMatchObject({
      tool: 'publish_case_summary',
      args: { case_id: 'CASE-1042', ...answer(ran.asks[0]!.inputs) },
      label: { integrity: 'untrusted', confidentiality: 'confidential', categories: ['personal'] },
    });
    expect(ran.result).toEqual({
      case_id: 'CASE-1042',
      events_read: 41,
      events_available: 41,
      status: 'published',
      published: true,
      execution: 'exec_test_1',
    });
  });

  test('D8: undeclared fields reach neither the model nor the proposal', async () => {
    expect(JSON.stringify(shippedCase('CASE-1042'))).toContain(CANARY);
    const ran = await testWorkflow(workflow, setUp());
    expect(JSON.stringify(ran)).not.toContain(CANARY);
    const shown = ran.asks[0]!.inputs.events as unknown as Evidence[];
    for (const field of ['Message', 'Hashes', 'ProcessGuid', 'SubjectUserSid'])
      expect(shown.some((event) => Object.hasOwn(event.fields, field))).toBe(false);
  });

  test('attached logs are read instead of the case system', async () => {
    const ran = await testWorkflow(
      workflow,
      setUp({ input: { case_id: 'psh_lsass_memory_dump_comsvcs', logs: 'attached', question: 'Who did it?' } }),
    );
    expect(ran.reads).toEqual([{ source: 'attached-logs', query: {}, count: 12 }]);
    expect(ran.asks[0]?.inputs.question).toBe('Who did it?');
  });

  test('D3: what a log tells the model to do changes nothing in who and where', async () => {
    const obeying = (inputs: JsonObject): JsonObject => ({
      ...answer(inputs),
      title: 'all clear',
      severity: 'low',
    });
    const asked = (said: NonNullable<WorkflowTest['answers']>[string]) =>
      testWorkflow(
        workflow,
        setUp({
          input: { case_id: 'CASE-2001' },
          sources: { 'case-logs': shippedCase('CASE-2001') },
          answers: { 'summarise-incident': said },
        }),
      );
    const named = await asked((inputs) => refusedAnswer({ ...obeying(inputs), case_id: 'CASE-1042' }));
    expect([named.handed_off?.prompt, named.acts]).toEqual(['summarise-incident', []]);
    const ran = await asked(obeying);
    expect(ran.acts.map((act) => [act.tool, act.args.case_id])).toEqual([['publish_case_summary', 'CASE-2001']]);
    expect(ran.acts[0]?.label.integrity).toBe('untrusted');
  });

  test.each([
    [
      { status: 'refused', message: 'Frozen.' },
      { status: 'refused', published: false, reasons: ['Frozen.'] },
    ],
    [
      { status: 'denied', by: 'time-out' },
      { status: 'denied', published: false, by: 'time-out' },
    ],
    [
      { status: 'failed', reason: 'closed case' },
      { status: 'failed', published: false, reason: 'closed case' },
    ],
    [{ status: 'unknown' }, { status: 'unknown', handoff: 'hand_test_1' }],
  ] as const)('the result says so: %j', async (outcome, result) => {
    const ran = await testWorkflow(workflow, setUp({ actions: { publish_case_summary: outcome } }));
    expect(ran.result).toMatchObject(result);
  });

  test('a case without events is not summarised', async () => {
    const ran = await testWorkflow(workflow, setUp({ sources: { 'case-logs': [] } }));
    expect(ran.asks).toEqual([]);
    expect(ran.result).toMatchObject({ status: 'nothing_to_summarise', published: false });
  });

  test.each(['', '../CASE-1', 'CASE-1/..', 'case 1', 'CASE-1\n', 'A-1', 'x'.repeat(65)])(
    'the case id %j is refused',
    async (case_id) => {
      await expect(testWorkflow(workflow, setUp({ input: { case_id } }))).rejects.toMatchObject({ code: 'bad_input' });
    },
  );
});
