import type { JsonObject, WorkflowContext } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import { type CrashAt, type RunHarness, runHarness } from './testing/index.ts';

const automatic = testContract({
  tier: 1,
  effect: 'write',
  undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
});

/** Two actions in a row, so that a count that slips would act under another proposal. */
const twice = async (context: WorkflowContext): Promise<JsonObject> => {
  const logs = await context.read('case-logs', { case_id: 'case-7' });
  const statuses: string[] = [];
  for (const summary of ['first', 'second']) {
    const outcome = await context.act(
      'publish_case_summary',
      { case_id: 'case-7', summary },
      { rationale: 'asked for', evidence: logs.evidence },
    );
    statuses.push(outcome.status);
  }
  return { statuses };
};

const WAYS: [string, (harness: RunHarness) => void, string[]][] = [
  [
    'read, ask, wait for a person, act',
    () => undefined,
    [
      'start',
      'read:case-logs',
      'ask:summarize',
      'act:publish_case_summary',
      'wait',
      'wait for approval',
      'resume:publish_case_summary',
      'continue',
      'complete',
    ],
  ],
  [
    'two actions without a person',
    (harness) => {
      harness.load({ tools: [automatic], tier: 'low' });
      harness.code = twice;
    },
    ['start', 'read:case-logs', 'act:publish_case_summary', 'act:publish_case_summary', 'complete'],
  ],
  [
    'an ending that hands off',
    (harness) => {
      harness.code = async () => {
        throw new Error('a fault in the workflow');
      };
    },
    ['start', 'stop'],
  ],
  [
    'a source that is refused',
    (harness) => {
      harness.code = async (context) => ({ n: (await context.read('other', {})).count });
    },
    ['start', 'read:other', 'stop'],
  ],
];

/** Everything but what a repeated question to the model may rightly repeat. */
const story = (harness: RunHarness) =>
  harness.gate.story().filter((entry) => !entry.startsWith('model.') && !entry.startsWith('output.'));

async function carry(harness: RunHarness, crashes: readonly CrashAt[]) {
  const { id } = await harness.submit();
  const onWait = async () => {
    const { approval } = await harness.run(id);
    if (approval && (await harness.gate.approvals.get(approval))?.state === 'pending') await harness.approve(id);
  };
  for (const crash of crashes) await harness.carry(id, { crash, onWait });
  expect(await harness.carry(id, { onWait })).toBe('ended');
  return harness.run(id);
}

describe.each(WAYS)('J2 F9: a crash at every step of a run: %s', (_, prepare, steps) => {
  const uninterrupted = async () => {
    const harness = runHarness();
    prepare(harness);
    const run = await carry(harness, []);
    return { harness, run, finished: harness.durable(run.id).finished };
  };
  let known: ReturnType<typeof uninterrupted> | undefined;
  const whole = () => {
    known ??= uninterrupted();
    return known;
  };

  test('the steps of the way', async () => {
    expect((await whole()).finished).toEqual(steps);
  });

  test.each(steps.flatMap((name, step) => (['before', 'after'] as const).map((when) => [when, step, name] as const)))(
    '%s step %i (%s): the same end, each record once, no action twice',
    async (when, step) => {
      const { harness: calm, run: expected } = await whole();
      const harness = runHarness();
      prepare(harness);
      const run = await carry(harness, [{ step, when }]);
      expect({ state: run.state, result: run.result, ending: run.ending }).toEqual({
        state: expected.state,
        result: expected.result,
        ending: expected.ending,
      });
      expect(story(harness)).toEqual(story(calm));
      expect(harness.gate.calls).toHaveLength(calm.gate.calls.length);
      expect(await harness.gate.handoffs.list({ run: run.id })).toHaveLength(
        (await calm.gate.handoffs.list({})).length,
      );
    },
  );

  test('at every step in turn, one after the other', async () => {
    const { harness: calm, run: expected } = await whole();
    const harness = runHarness();
    prepare(harness);
    const crashes = steps.flatMap((_name, step) => [
      { step, when: 'before' as const },
      { step, when: 'after' as const },
    ]);
    const run = await carry(harness, crashes);
    expect(run).toMatchObject({ state: expected.state, result: expected.result });
    expect(story(harness)).toEqual(story(calm));
    expect(harness.gate.calls).toHaveLength(calm.gate.calls.length);
  });
});

test('G1: records that a repeated step writes have keys, and the keys are the run’s own', async () => {
  const harness = runHarness();
  const [first, second] = [await carry(harness, []), await carry(harness, [])];
  const keys = harness.gate.audit.drafts.flatMap((entry) => (entry.key ? [entry.key] : []));
  expect(new Set(keys).size).toBe(keys.length);
  for (const run of [first, second])
    expect(keys.filter((key) => key.startsWith(run.id))).toEqual([
      `${run.id}:1:read:case-logs`,
      `${run.id}:2:ask:summarize:scripted`,
      `${run.id}:2:ask:summarize:judged`,
      `${run.id}:ended`,
    ]);
});

test('an error that a step threw, remembered as text, hands the run off after the crash too', async () => {
  const harness = runHarness();
  harness.code = async (context) => {
    await context.act('publish_case_summary', { case_id: 'case-7', summary: 7 }, { rationale: 'r' });
    return {};
  };
  const run = await carry(harness, [{ step: 2, when: 'before' }]);
  expect(run.state).toBe('handed_off');
  expect(await harness.gate.handoffs.list({ run: run.id })).toMatchObject([{ kind: 'error' }]);
});

test.each<[string, (harness: RunHarness, release: string) => unknown]>([
  ['its release is gone', (harness, release) => harness.loaded.delete(release)],
  [
    'its code takes another way',
    (harness) => {
      harness.code = async (context) => ({ run: String(await context.ask('summarize', { logs: 'x' })) });
    },
  ],
])('INV9 I8: a run that stood in the middle when %s ends in the queue', async (_, change) => {
  const harness = runHarness();
  const { id, release } = await harness.submit();
  expect(await harness.carry(id, { crash: { step: 4, when: 'before' } })).toBe('crashed');
  change(harness, release);
  expect(await harness.carry(id)).toBe('ended');
  expect(await harness.run(id)).toMatchObject({ state: 'handed_off', approval: null });
  expect(await harness.gate.handoffs.list({ run: id })).toMatchObject([{ kind: 'error' }]);
  expect(harness.gate.audit.of('run.ended')).toHaveLength(1);
  expect(harness.gate.calls).toHaveLength(0);
});
