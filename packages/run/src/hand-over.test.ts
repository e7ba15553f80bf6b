import {
  at,
  type Calibration,
  calibrate,
  type JsonObject,
  type Labelled,
  OFF_PATTERN,
  type WorkflowContext,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { testContract } from '@portreeve/execute/testing';
import { answerOf } from '@portreeve/model/testing';
import { describe, expect, test } from 'vitest';
import { type RunHarness, runHarness } from './testing/index.ts';

/* Steps whose answers people give, confirm or look at: A4, E6, I8. */

const PROMPT = (more: string) => `---
id: read-invoice
version: "1.0"
inputs:
  - { name: logs, description: What was sent in }
output:
  type: object
  properties: { total: { type: integer }, sure: { type: integer, minimum: 0, maximum: 100 } }
  required: [total, sure]
  additionalProperties: false
${more}
---
Read it.
`;
const PROCEDURE = { title: 'By hand', steps: ['Read the invoice.', 'Type the total.'], due_minutes: 60 };
const writing = testContract({ tier: 1, effect: 'write', undo: { tool: 'retract_it', args: {}, window_minutes: 60 } });

/** 20 answers of 90 that were right, 20 of 60 that were right half of the time. */
const MEASURED: Calibration = calibrate([
  ...Array.from({ length: 20 }, () => ({ confidence: 90, right: true })),
  ...Array.from({ length: 20 }, (_, index) => ({ confidence: 60, right: index % 2 === 0 })),
])!;

interface Given {
  readonly head: string;
  readonly contract?: JsonObject;
  readonly calibrations?: ReadonlyMap<string, Calibration>;
  readonly tool?: ReturnType<typeof testContract>;
  readonly tier?: string;
}

function loaded({ head, contract = {}, calibrations = new Map(), tool = writing, tier = 'medium' }: Given) {
  const harness = runHarness();
  harness.load({ prompts: [PROMPT(head)], contract, calibrations, tools: [tool], tier });
  harness.answer = () => answerOf({ total: 7, sure: 90 });
  return harness;
}

/** Asks, and publishes what came of it. */
const publishing =
  (seen: Labelled<unknown>[]) =>
  async (context: WorkflowContext): Promise<JsonObject> => {
    const logs = await context.read('case-logs', { case_id: 'case-7' });
    const answer = await context.ask('read-invoice', { logs: logs.evidence });
    seen.push(answer);
    const args = { case_id: 'case-7', summary: 'fixed', total: at(answer, '/total') };
    const outcome = await context.act('publish_case_summary', args, { rationale: 'The run says so.' });
    return { status: outcome.status };
  };

/** Carries a run in which a person works the queue whenever it waits. */
async function carried(harness: RunHarness, work: (id: string) => Promise<unknown>) {
  const seen: Labelled<unknown>[] = [];
  harness.code = publishing(seen);
  const { id } = await harness.submit();
  await harness.carry(id, {
    onWait: async (topic) => {
      const [kind, name] = topic.split(':');
      await (kind === 'approval' ? harness.approve(id) : work(name!));
    },
  });
  return { run: await harness.run(id), seen, id };
}
const numbered = testContract({
  ...writing,
  args: {
    type: 'object',
    properties: { case_id: { type: 'string' }, summary: { type: 'string' }, total: { type: 'integer' } },
    additionalProperties: false,
  },
  sinks: [{ path: '/total', kind: 'payload' }],
});
const given = { note: 'It says 8.', result: { value: { total: 8, sure: 100 } } };
const calledWith = (harness: RunHarness) =>
  harness.gate.audit.of('proposal.submitted').map(({ data }) => data.args as JsonObject);
const never = async () => expect.unreachable('nobody is to be asked');

describe('A4: low confidence goes to a person', () => {
  const CLASSIFY = 'step: extract\nconfidence: /sure';
  const wants = { steps: { 'read-invoice': { confidence_min_per_mille: 900 } } };
  const calibrations = new Map([['read-invoice', MEASURED]]);

  test('at or above what the workflow wants, nobody is asked', async () => {
    const harness = loaded({ head: CLASSIFY, contract: wants, calibrations, tool: numbered });
    const { run } = await carried(harness, never);
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(harness.gate.audit.of('step.judged')).toMatchObject([
      { outcome: 'none', data: { confidence_percent: 90, calibrated_per_mille: 952, threshold_per_mille: 900 } },
    ]);
  });

  test('H6: what a person changes is told by the prompt, the model and the policy of the answer', async () => {
    const harness = loaded({ head: CLASSIFY, contract: wants, calibrations, tool: numbered });
    harness.answer = () => answerOf({ total: 7, sure: 60 });
    const { id } = await carried(harness, (each) =>
      harness.gate.handoffs.finish(each as never, given, harness.gate.people.ana.principal),
    );
    const [answered] = harness.gate.audit.of('model.answered');
    const { policy_version } = harness.gate.audit.of('prompt.assembled')[0]!.refs!;
    expect(answered!.refs).toMatchObject({ run: id, policy_version });
    const from = {
      prompt: 'read-invoice',
      prompt_version: '1.0',
      model: answered!.data.model_answered,
      policy_version,
    };
    expect(harness.gate.audit.of('handoff.opened')).toMatchObject([{ refs: { run: id, ...from } }]);
    expect(harness.gate.audit.of('handoff.closed')).toMatchObject([{ outcome: 'changed', refs: { run: id, ...from } }]);
    for (const type of ['output.validated', 'proposal.submitted', 'decision.made'] as const)
      expect(harness.gate.audit.of(type)[0]!.refs).toMatchObject({ policy_version });
  });

  test('below it, the run waits, and goes on with the person’s value: trusted, from that person', async () => {
    const harness = loaded({ head: CLASSIFY, contract: wants, calibrations, tool: numbered });
    harness.answer = () => answerOf({ total: 7, sure: 60 });
    const { ana } = harness.gate.people;
    const { run, seen } = await carried(harness, async (handoff) => {
      const work = (await harness.gate.handoffs.get(handoff as never))!;
      expect(await harness.run(work.run!)).toMatchObject({ state: 'waiting', approval: null });
      expect(work).toMatchObject({
        kind: 'low_confidence',
        about: 'read-invoice',
        awaits: { type: 'object' },
        material: [{ name: 'answer', value: { total: 7, sure: 60 } }, { name: 'logs' }],
      });
      await harness.gate.handoffs.finish(work.id, given, ana.principal);
    });
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(open(seen[0]!)).toEqual({ total: 8, sure: 100 });
    expect(seen[0]!.label).toMatchObject({
      integrity: 'trusted',
      origins: [expect.any(String), `person:${ana.principal.id}`],
    });
    expect(calledWith(harness)[0]).toMatchObject({ total: 8 });
    // The proposal names the person as the origin, and no model.
    const [{ data }] = harness.gate.audit.of('proposal.submitted') as never as [{ data: { provenance: object[] } }];
    expect(data.provenance).toContainEqual(
      expect.objectContaining({
        path: '/total',
        kind: 'trusted-record',
        origins: expect.arrayContaining([`person:${ana.principal.id}`]),
      }),
    );
  });

  test('confidence that nobody has measured is none', async () => {
    const harness = loaded({ head: CLASSIFY, contract: wants, tool: numbered });
    let asked = 0;
    await carried(harness, async (handoff) => {
      asked++;
      await harness.gate.handoffs.finish(handoff as never, given, harness.gate.people.ana.principal);
    });
    expect(asked).toBe(1);
  });

  test('a person who has no answer ends the run', async () => {
    const harness = loaded({ head: CLASSIFY, contract: wants, tool: numbered });
    const { run } = await carried(harness, (handoff) =>
      harness.gate.handoffs.finish(
        handoff as never,
        { note: 'This is no invoice.', result: { declined: true } },
        harness.gate.people.ana.principal,
      ),
    );
    expect(run).toMatchObject({ state: 'handed_off' });
    expect(run.ending).toContain('gave no answer');
    // The work is done; nothing new was handed over.
    expect(await harness.gate.handoffs.list({ states: ['open', 'taken'] })).toEqual([]);
  });

  test('a crash at any step asks the person once, and takes one answer', async () => {
    const steps = 12;
    for (let step = 0; step < steps; step++)
      for (const when of ['before', 'after'] as const) {
        const harness = loaded({ head: CLASSIFY, contract: wants, tool: numbered });
        harness.code = publishing([]);
        const { id } = await harness.submit();
        const finishing = async (topic: string) => {
          const handoff = topic.slice('handoff:'.length) as never;
          if ((await harness.gate.handoffs.get(handoff))?.state === 'done') return;
          await harness.gate.handoffs.finish(handoff, given, harness.gate.people.ana.principal);
        };
        await harness.carry(id, { crash: { step, when }, onWait: finishing });
        await harness.carry(id, { onWait: finishing });
        expect(await harness.run(id)).toMatchObject({ state: 'completed' });
        expect(harness.gate.audit.of('handoff.opened')).toHaveLength(1);
        expect(calledWith(harness)).toMatchObject([{ total: 8 }]);
      }
  });
});

describe('A4: review by rule', () => {
  test('a final decision waits for a person who did not ask for it', async () => {
    const harness = loaded({ head: 'step: analyse\nfinal: true', tool: numbered });
    const { ana, requester } = harness.gate.people;
    const { run } = await carried(harness, async (handoff) => {
      await expect(harness.gate.handoffs.finish(handoff as never, given, requester.principal)).rejects.toMatchObject({
        code: 'refused',
      });
      await harness.gate.handoffs.finish(handoff as never, given, ana.principal);
    });
    expect(run.state).toBe('completed');
    expect(harness.gate.audit.of('handoff.opened')).toMatchObject([{ outcome: 'review' }]);
  });

  test('E7: an answer that says it is none is a person’s, whatever the workflow declares', async () => {
    const contract = { steps: { 'read-invoice': { review: 'none' } } };
    const harness = loaded({ head: 'step: extract\nconfidence: /sure', tool: numbered, contract });
    const prompt = PROMPT('step: extract').replace('total: {', 'why: { type: string }, total: {');
    harness.load({ prompts: [prompt], contract, tools: [numbered] });
    harness.answer = () => answerOf({ why: `${OFF_PATTERN} the scan is blank`, total: 0, sure: 1 });
    const { ana } = harness.gate.people;
    const { run, seen } = await carried(harness, async (handoff) => {
      expect(await harness.gate.handoffs.get(handoff as never)).toMatchObject({
        ...{ kind: 'off_pattern', why: 'The model says that what it was shown supports no answer.' },
        material: [{ name: 'answer', value: { why: `${OFF_PATTERN} the scan is blank` } }, { name: 'logs' }],
      });
      await harness.gate.handoffs.finish(handoff as never, given, ana.principal);
    });
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(open(seen[0]!)).toMatchObject({ total: 8 });
    expect(harness.gate.audit.of('step.judged')).toMatchObject([
      { outcome: 'now', data: { rule: 'off-pattern', off_pattern: true } },
    ]);
  });

  test('what was written for readers outside needs an approval, also through a tool of tier 1', async () => {
    const harness = loaded({ head: 'step: generate', tool: numbered });
    const { run, id } = await carried(harness, never);
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    const [decision] = harness.gate.audit.of('decision.made');
    expect(decision).toMatchObject({ outcome: 'approve', refs: { run: id } });
    expect(decision!.data.decision.reasons.map(({ code }) => code)).toContain('unreviewed_step');
    expect(decision!.data.request).toMatchObject({ flow: { unreviewed: true } });
  });

  test.each<[string, Partial<Given>]>([
    ['its readers work here', { head: 'step: generate\naudience: inside' }],
    [
      'its workflow declares so',
      { head: 'step: generate', contract: { steps: { 'read-invoice': { review: 'none' } } } },
    ],
  ])('and none where %s', async (_, over) => {
    const harness = loaded({ head: '', tool: numbered, ...over });
    const { run } = await carried(harness, never);
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(harness.gate.audit.of('approval.requested')).toEqual([]);
  });

  test('what its workflow may not declare changes nothing', async () => {
    const contract = { steps: { 'read-invoice': { review: 'none' } } };
    const harness = loaded({ head: 'step: generate', tool: numbered, tier: 'high', contract });
    await carried(harness, never);
    expect(harness.gate.audit.of('step.judged')).toMatchObject([{ outcome: 'at_action' }]);
  });

  test('a prompt of another kind is not asked under this name', async () => {
    const harness = loaded({ head: 'step: generate' });
    harness.code = async (context) => {
      await context.classify('read-invoice', { logs: 'x' });
      return {};
    };
    const { id } = await harness.submit();
    await harness.carry(id);
    expect(await harness.run(id)).toMatchObject({ state: 'handed_off' });
    expect(harness.asks.count).toBe(0);
  });
});

describe('E6 I8: what a model could not answer', () => {
  const refusal = () => answerOf(null, { stop_reason: 'refusal', text: '', content: [] });
  const procedures = { 'read-invoice': PROCEDURE };

  test('waits for the person where the workflow says how it is done by hand', async () => {
    const harness = loaded({ head: 'step: extract', contract: { procedures }, tool: numbered });
    harness.answer = refusal;
    const { run } = await carried(harness, async (handoff) => {
      const work = (await harness.gate.handoffs.get(handoff as never))!;
      expect(work).toMatchObject({
        kind: 'model_refused',
        procedure: PROCEDURE,
        tried: [expect.stringMatching(/scripted was asked/)],
      });
      await harness.gate.handoffs.finish(work.id, given, harness.gate.people.ana.principal);
    });
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(calledWith(harness)[0]).toMatchObject({ total: 8 });
  });

  test('ends the run where it does not', async () => {
    const harness = loaded({ head: 'step: extract', tool: numbered });
    harness.answer = refusal;
    const { run } = await carried(harness, never);
    expect(run.state).toBe('handed_off');
    expect(await harness.gate.handoffs.list({})).toMatchObject([{ kind: 'model_refused', awaits: null }]);
  });
});

describe('D5: an outcome that the code is shown', () => {
  test('taints every later action, whatever its arguments are, and counts its bits', async () => {
    const harness = loaded({ head: 'step: extract', tool: writing });
    const outcomes: (string | null)[] = [];
    harness.items = () => [{ line: 'match' }];
    harness.code = async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      outcomes.push(await context.outcome(logs.evidence, '/0/fields/line', ['match', 'differs']));
      outcomes.push(await context.outcome(logs.evidence, '/0/fields/line', ['differs']));
      const args = { case_id: 'case-7', summary: 'fixed' };
      return { status: (await context.act('publish_case_summary', args, { rationale: 'Matched.' })).status };
    };
    const { id } = await harness.submit();
    await harness.carry(id);
    expect(outcomes).toEqual(['match', null]);
    expect(await harness.run(id)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    const [submitted] = harness.gate.audit.of('proposal.submitted');
    expect(submitted!.data.influence).toMatchObject({ integrity: 'untrusted', origins: ['case-logs'] });
    const [decided] = harness.gate.audit.of('decision.made');
    expect(decided!.data.request).toMatchObject({ flow: { tainted: true, capacity_bits: 3 } });
    expect(harness.gate.audit.of('outcome.seen').map(({ data }) => data.outcome)).toEqual(['match', null]);
  });

  test('is one of a few different words', async () => {
    const harness = loaded({ head: 'step: extract' });
    harness.code = async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      await context.outcome(
        logs.evidence,
        '/0/fields/line',
        Array.from({ length: 17 }, (_, n) => `o${n}`),
      );
      return {};
    };
    const { id } = await harness.submit();
    await harness.carry(id);
    expect(await harness.run(id)).toMatchObject({ state: 'handed_off' });
  });
});
