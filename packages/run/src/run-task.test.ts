import { type Arguments, at, digestOf, type JsonObject, PortreeveError, type RunState } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { ProviderError } from '@portreeve/model';
import { answerOf } from '@portreeve/model/testing';
import { describe, expect, test } from 'vitest';
import { type RunHarness, runHarness } from './testing/index.ts';

const automatic = testContract({
  tier: 1,
  effect: 'write',
  undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
});

/** Submits and carries a run to its end; whoever is asked approves. */
async function carried(harness: RunHarness, input = { case_id: 'case-7' }) {
  const { id } = await harness.submit({ input });
  await harness.carry(id, { onWait: () => harness.approve(id) });
  const [work, ...more] = await harness.gate.handoffs.list({ run: id });
  expect(more).toEqual([]);
  const run = await harness.run(id);
  expect(run.ended_at).not.toBeNull();
  expect(run.approval).toBeNull();
  expect(harness.gate.audit.of('run.ended')).toMatchObject([{ outcome: run.state, refs: { run: id } }]);
  return { run, work: work ?? null, state: run.state as RunState };
}
const acting =
  (tool: string, args: object = { case_id: 'case-7', summary: 'fixed' }): RunHarness['code'] =>
  async (context) => ({ status: (await context.act(tool, args as Arguments, { rationale: 'asked for' })).status });

describe('the way of a task', () => {
  test('F1 G1: read, ask, propose, wait for a person, execute: each on record, in order', async () => {
    const harness = runHarness();
    const { run, work } = await carried(harness);
    expect(run).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(work).toBeNull();
    expect(harness.gate.calls).toHaveLength(1);
    expect(harness.gate.story()).toEqual([
      'run.submitted',
      'run.admitted:permit',
      'source.read:read',
      'prompt.assembled:permit',
      'model.answered:valid',
      'output.validated:valid',
      'step.judged:none',
      'proposal.submitted',
      'decision.made:approve',
      'approval.requested',
      'approval.verdict:approve',
      'approval.closed:approved',
      'decision.made:notify',
      'decision.made:notify',
      'notice.posted:notify',
      'grant.issued',
      'execution.intent',
      'execution.result:succeeded',
      'run.ended:completed',
    ]);
    expect(harness.gate.audit.drafts.every(({ refs }) => refs?.run === run.id)).toBe(true);
    expect(harness.logged).toEqual([]);
  });

  test('D5 D6: what the model wrote is the model’s, with the labels of all that it saw', async () => {
    const harness = runHarness();
    await carried(harness);
    const [proposal] = harness.gate.audit.of('proposal.submitted');
    expect(proposal?.data).toMatchObject({
      args: { case_id: 'case-7', summary: 'Bob failed to sign in.' },
      influence: { integrity: 'untrusted', origins: ['case-logs', 'model:summarize'] },
      provenance: [
        { path: '/case_id', kind: 'request' },
        { path: '/summary', kind: 'model' },
      ],
    });
    expect(proposal?.data.evidence).toHaveLength(2);
  });

  test('while it waits it is `waiting` and names its approval; denied by time it goes on with that', async () => {
    const harness = runHarness();
    const { id } = await harness.submit();
    const seen: unknown[] = [];
    await harness.carry(id, {
      async onWait(topic, until) {
        const run = await harness.run(id);
        seen.push(run.state, topic === `approval:${run.approval}`, until.toISOString());
        harness.gate.clock.set(until);
      },
    });
    expect(seen).toEqual([
      'waiting',
      true,
      new Date(Date.parse(harness.gate.audit.of('approval.requested')[0]!.data.expires_at)).toISOString(),
    ]);
    expect(await harness.run(id)).toMatchObject({ state: 'completed', result: { status: 'denied' } });
    expect(harness.gate.calls).toHaveLength(0);
  });

  test('a nudge that means nothing leads back to the wait', async () => {
    const harness = runHarness();
    const { id } = await harness.submit();
    let waits = 0;
    await harness.carry(id, { onWait: async () => (++waits < 3 ? undefined : harness.approve(id)) });
    expect(waits).toBe(3);
    expect((await harness.run(id)).state).toBe('completed');
    expect(harness.gate.calls).toHaveLength(1);
  });

  test('J2: an action that another process is executing is waited for', async () => {
    const harness = runHarness();
    harness.load({ tools: [automatic] });
    harness.code = acting('publish_case_summary');
    const { id } = await harness.submit();
    const { clock } = harness.gate;
    let release!: () => void;
    const answered = new Promise<void>((resolve) => {
      release = resolve;
    });
    const called = new Promise<void>((resolve) => {
      harness.gate.answer = async () => {
        resolve();
        await answered;
        return { state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 };
      };
    });
    // Another process acts on the same proposal, as a stopped one does that wakes after its run was taken over.
    const wish = {
      ...harness.gate.wish({ contract: automatic, args: { case_id: 'case-7', summary: 'fixed' } }),
      id: `prop_${id.slice('run_'.length)}-1` as never,
      run: id,
    };
    const other = harness.gate.process('another').gate.submit(wish);
    await called;
    const waits: string[] = [];
    await harness.carry(id, {
      async onWait(topic, until) {
        waits.push(`${topic.split(':')[0]} ${until.getTime() - clock.now().getTime()}`);
        release();
        await other;
      },
    });
    expect(waits).toEqual(['execution 2000']);
    expect(await harness.run(id)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(harness.gate.calls).toHaveLength(1);
  });
});

describe('endings', () => {
  test('A3 D11: a source that is not declared stops the run, and the refusal is recorded', async () => {
    const harness = runHarness();
    harness.code = async (context) => ({ n: (await context.read('secret-files', {})).count });
    const { run, work } = await carried(harness);
    expect(run.state).toBe('refused');
    expect(run.ending).toContain('A workflow reads only the sources that it declares.');
    expect(work).toBeNull();
    expect(harness.gate.audit.of('source.refused')).toMatchObject([
      { outcome: 'refuse', data: { source: 'secret-files' } },
    ]);
    expect(harness.reads.count).toBe(0);
  });

  test('C5: a freeze that comes after the admission stops the next read', async () => {
    const harness = runHarness();
    const { id } = await harness.submit();
    harness.gate.environment.freezes.push('workflow:incident-summary');
    await harness.carry(id);
    expect(await harness.run(id)).toMatchObject({ state: 'refused', ending: expect.stringContaining('frozen') });
    expect(harness.reads.count).toBe(0);
  });

  test.each([
    ['unknown_case', 'failed'],
    ['bad_input', 'failed'],
    ['source_failed', 'handed_off'],
    ['egress_refused', 'handed_off'],
  ] as const)('I8: a source that answers %s: the run is %s', async (code, state) => {
    const harness = runHarness();
    harness.items = () => {
      throw new PortreeveError(code, 'the source says no', { next: 'Do this.' });
    };
    const { run, work } = await carried(harness);
    expect(run).toMatchObject({ state, ending: 'The source case-logs could not be read: the source says no Do this.' });
    expect(harness.gate.audit.of('source.failed')).toMatchObject([
      { outcome: code, data: { reason: 'the source says no' } },
    ]);
    if (state === 'failed') expect(work).toBeNull();
    else expect(work).toMatchObject({ kind: 'source_failed', context: { source: 'case-logs', code } });
  });

  test('D8: a query that does not fit the source’s contract fails the run', async () => {
    const harness = runHarness();
    harness.code = async (context) => ({ n: (await context.read('case-logs', { case_id: 'c', all: true })).count });
    const { run } = await carried(harness);
    expect(run.state).toBe('failed');
    expect(harness.reads.count).toBe(0);
  });

  test('A3: a prompt that is not declared stops the run', async () => {
    const harness = runHarness();
    harness.code = async (context) => ({ a: String(await context.ask('other', {})) });
    expect((await carried(harness)).run).toMatchObject({
      state: 'refused',
      ending:
        'The prompt "other" is missing from scope.prompts of the workflow "incident-summary". Declare it there and release the workflow anew, or use a declared one.',
    });
    expect(harness.gate.audit.of('prompt.refused')).toMatchObject([
      { outcome: 'refuse', refs: { codes: ['out_of_scope'] }, data: { prompt: 'other', missing: 'scope.prompts' } },
    ]);
    harness.code = async (context) => ({ a: String(await context.ask('summarize', {})) });
    harness.load({ scope: { prompts: [] } });
    const { id } = await harness.submit();
    await harness.carry(id);
    expect((await harness.run(id)).state).toBe('refused');
    expect(harness.asks.count).toBe(0);
  });

  test('C2 E8: a question that policy refuses is recorded and not sent', async () => {
    const harness = runHarness();
    harness.code = async (context) => ({ a: String(await context.ask('summarize', { logs: 'x' })) });
    const run = await harness.submit();
    harness.gate.environment.freezes.push('all');
    await harness.carry(run.id);
    expect(await harness.run(run.id)).toMatchObject({
      state: 'handed_off',
      ending: expect.stringContaining('scripted: Everything is frozen.'),
    });
    expect(harness.gate.audit.of('endpoint.refused')).toMatchObject([{ outcome: 'refuse' }]);
    expect(harness.gate.audit.of('prompt.assembled')).toEqual([]);
    expect(harness.asks.count).toBe(0);
  });

  test('A2: an input that is said to be secret makes every question and every action of the run as secret', async () => {
    const input_secrecy = { confidentiality: 'restricted', categories: ['health'] };
    const asking = runHarness();
    asking.load({ contract: { input_secrecy } });
    asking.code = async (context) => ({ a: String(await context.ask('summarize', { logs: 'x' })) });
    await carried(asking);
    expect(asking.gate.audit.of('prompt.assembled')).toMatchObject([{ data: { label: input_secrecy } }]);

    const harness = runHarness();
    const clearance = { confidentiality: 'confidential' as const, categories: [] };
    harness.load({ contract: { input_secrecy }, tools: [testContract({ clearance })] });
    // The code may have put any of the input into any argument: nothing of this one shows it.
    harness.code = acting('publish_case_summary');
    await carried(harness);
    expect(harness.gate.audit.of('proposal.submitted')).toMatchObject([{ data: { influence: input_secrecy } }]);
    const [decided] = harness.gate.audit.of('decision.made');
    expect(decided).toMatchObject({ outcome: 'refuse' });
    expect(decided?.data.decision.reasons.map(({ code }) => code)).toContain('not_cleared');
    expect(harness.gate.calls).toEqual([]);
  });

  test('A2 I8: what a person takes over of a run is as secret as its input, also where its release is gone', async () => {
    const input_secrecy = { confidentiality: 'restricted' as const, categories: ['health' as const] };
    const asked = runHarness();
    asked.load({ contract: { input_secrecy } });
    asked.answer = () => answerOf({ text: 7 });
    expect((await carried(asked)).work).toMatchObject({
      label: input_secrecy,
      context: { input: { case_id: 'case-7' } },
    });

    const gone = runHarness();
    const { id } = await gone.submit();
    gone.loaded.clear();
    gone.load({ release: digestOf('release 2'), contract: { input_secrecy } });
    await gone.carry(id);
    const [work] = await gone.gate.handoffs.list({ run: id });
    expect(work).toMatchObject({ label: input_secrecy, context: { input: { case_id: 'case-7' } } });
  });

  test.each<[string, () => ReturnType<typeof answerOf>, string]>([
    [
      'rejected',
      () => {
        throw new ProviderError('status', 'no credit', { transient: false, status: 400 });
      },
      'rejected',
    ],
    ['invalid twice', () => answerOf({ text: 7 }), 'invalid_output'],
    [
      'refused by the model',
      () => answerOf(null, { stop_reason: 'refusal', refusal: { category: 'other', explanation: 'no' } }),
      'refused_by_model',
    ],
  ])('E3 E7 I8: an answer that is no use (%s) goes to a person with what was asked', async (_, answer, code) => {
    const harness = runHarness();
    harness.answer = answer;
    const { run, work } = await carried(harness);
    expect(run.state).toBe('handed_off');
    expect(work).toMatchObject({
      kind: code === 'refused_by_model' ? 'model_refused' : 'model_failed',
      context: { prompt: 'summarize', code, input: { case_id: 'case-7' } },
      next: 'Write the answer by hand, or correct the cause and start a new run.',
    });
    expect(harness.gate.calls).toHaveLength(0);
  });

  test('A3: a tool that is not declared stops the run, and the refusal is recorded', async () => {
    const harness = runHarness();
    harness.code = acting('delete_case');
    expect((await carried(harness)).run).toMatchObject({
      state: 'refused',
      ending: expect.stringContaining(
        'The tool "delete_case" is missing from scope.tools of the workflow "incident-summary".',
      ),
    });
    const [refused] = harness.gate.audit.of('tool.refused');
    expect(refused).toMatchObject({
      outcome: 'refuse',
      refs: { decision: refused!.data.decision.id },
      data: {
        ...{ tool: 'delete_case', missing: 'scope.tools' },
        decision: {
          outcome: 'refuse',
          reasons: [{ code: 'out_of_scope', text: expect.stringContaining('scope.tools') }],
        },
      },
    });
    expect(harness.gate.audit.of('proposal.submitted')).toEqual([]);
  });

  test('F1 I8: arguments that do not fit go to a person, with the fields', async () => {
    const harness = runHarness();
    harness.code = acting('publish_case_summary', { case_id: 'case-7', summary: 7 });
    const { run, work } = await carried(harness);
    expect(run.state).toBe('handed_off');
    expect(work).toMatchObject({ kind: 'error', why: expect.stringContaining('/summary: must be string') });
  });

  test('the workflow sees what became of its action, and may end well with it', async () => {
    const statuses: unknown[] = [];
    for (const answer of [
      { state: 'failed', status: 409, reason: 'closed', duration_ms: 1 },
      { state: 'unknown', reason: 'lost', duration_ms: 1 },
    ] as const) {
      const harness = runHarness();
      harness.load({ tools: [automatic] });
      harness.code = async (context) => ({
        status: (await context.act('publish_case_summary', { case_id: 'c', summary: 's' }, { rationale: 'r' })).status,
      });
      harness.gate.answer = () => answer;
      const { run, work } = await carried(harness);
      statuses.push(run.state, run.result?.status, work?.kind);
    }
    expect(statuses).toEqual(['completed', 'failed', 'failed_action', 'completed', 'unknown', 'unknown_outcome']);
  });

  test('C7: each decision on the way is on record with exactly the request that it judged', async () => {
    const harness = runHarness();
    await carried(harness);
    const { audit } = harness.gate;
    const judged = [
      ...audit.of('run.admitted'),
      ...audit.of('source.read'),
      ...audit.of('prompt.assembled'),
      ...audit.of('decision.made'),
    ].map(({ data }) => data);
    expect(new Set(judged.map(({ request }) => (request as JsonObject).kind))).toEqual(
      new Set(['admit', 'read', 'ask', 'act']),
    );
    for (const { decision, request } of judged) expect(decision.request_digest).toBe(digestOf(request));
  });

  test('I8: code that throws hands the run off with its input; the cause is for the operator alone', async () => {
    const harness = runHarness();
    harness.code = async (context) => {
      await context.read('case-logs', { case_id: 'case-7' });
      throw new Error('password=hunter2');
    };
    const { run, work } = await carried(harness);
    expect(run).toMatchObject({ state: 'handed_off', result: null });
    expect(work).toMatchObject({ kind: 'error', context: { input: { case_id: 'case-7' } } });
    expect(JSON.stringify([run, work, harness.gate.audit.drafts])).not.toContain('hunter2');
    expect(harness.logged).toMatchObject([{ message: 'password=hunter2' }]);
    expect(harness.gate.audit.of('source.read')).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ['a labelled value', { summary: 'labelled' }],
    ['what has no JSON form', { when: () => 1 }],
    ['a number that is none', { n: Number.NaN }],
  ])('a result that cannot be recorded hands the run off: %s', async (kind, value) => {
    const harness = runHarness();
    harness.code = async (context) => {
      const { evidence } = await context.read('case-logs', { case_id: 'case-7' });
      return (kind === 'a labelled value' ? { evidence } : value) as never;
    };
    expect(await carried(harness)).toMatchObject({ state: 'handed_off', work: { kind: 'error' } });
  });

  test('INV9: a run keeps its release; when that is not loaded any more, a person takes it', async () => {
    const harness = runHarness();
    const { id } = await harness.submit();
    harness.load({ release: digestOf('release 2'), tools: [automatic] });
    await harness.carry(id, { onWait: () => harness.approve(id) });
    expect(await harness.run(id)).toMatchObject({ state: 'completed', release: digestOf('release 1') });
    expect(harness.gate.audit.of('approval.requested')).toHaveLength(1);
    const later = await harness.submit();
    expect(later.release).toBe(digestOf('release 2'));
    harness.loaded.delete(later.release);
    await harness.carry(later.id);
    expect(await harness.run(later.id)).toMatchObject({
      state: 'handed_off',
      ending: expect.stringContaining(later.release),
    });
    expect(await harness.gate.handoffs.list({ run: later.id })).toMatchObject([
      { kind: 'error', context: { input: { case_id: 'case-7' } } },
    ]);
  });
});

describe('SPEC 3: code that catches what ended its run', () => {
  test.each<[string, (step: () => Promise<unknown>) => Promise<unknown>]>([
    ['and takes another step', (step) => step().catch(step)],
    ['and returns as if nothing were', (step) => step().catch(() => undefined)],
    ['and throws something else', (step) => step().catch(() => Promise.reject(new Error('mine')))],
  ])('%s, ends it all the same', async (_, handle) => {
    const harness = runHarness();
    harness.answer = () => answerOf({ text: 7 });
    harness.code = async (context) => {
      await handle(() => context.ask('summarize', { logs: 'x' }));
      return { all: 'is well' };
    };
    const { run, work } = await carried(harness);
    expect(run).toMatchObject({ state: 'handed_off', result: null });
    expect(work).toMatchObject({ kind: 'model_failed' });
  });

  test('A3: a refusal that it catches lets it do nothing more', async () => {
    const harness = runHarness();
    harness.load({ tools: [automatic] });
    harness.code = async (context) => {
      await context.read('secret-files', {}).catch(() => undefined);
      await context.act('publish_case_summary', { case_id: 'case-7', summary: 's' }, { rationale: 'r' });
      return {};
    };
    expect((await carried(harness)).state).toBe('refused');
    expect(harness.gate.calls).toHaveLength(0);
  });
});

describe('J2: a database that is away for a moment ends no run', () => {
  test.each([
    ['our own error', undefined],
    ['the driver’s error', Object.assign(new Error('terminating connection'), { code: '57P01' })],
  ])('wherever it is touched: %s', async (_, error) => {
    // The first touch is the look at the run, the last one its end.
    for (let nth = 1; ; nth++) {
      const harness = runHarness();
      const { id } = await harness.submit();
      harness.loseDatabase(nth, error);
      const onWait = async () => {
        const { approval } = await harness.run(id);
        if (approval && (await harness.gate.approvals.get(approval))?.state === 'pending') await harness.approve(id);
      };
      await harness.carry(id, { onWait });
      expect(await harness.run(id), `touch ${nth}`).toMatchObject({
        state: 'completed',
        result: { status: 'succeeded' },
      });
      expect(harness.gate.calls).toHaveLength(1);
      for (const type of ['source.read', 'prompt.assembled', 'proposal.submitted', 'run.ended'] as const)
        expect(harness.gate.audit.of(type), `touch ${nth}`).toHaveLength(1);
      expect(harness.gate.audit.of('source.failed')).toEqual([]);
      expect(harness.logged).toEqual([]);
      if (harness.databaseWasLost()) continue;
      expect(nth).toBeGreaterThan(12);
      break;
    }
  });
});

test('a part that leads nowhere is refused by the gate and named', async () => {
  const harness = runHarness();
  harness.code = async (context) => {
    const summary = await context.ask('summarize', { logs: 'x' });
    await context.act('publish_case_summary', { case_id: 'c', summary: at(summary, '/nowhere') }, { rationale: 'r' });
    return {};
  };
  expect((await carried(harness)).work).toMatchObject({ why: expect.stringContaining('/summary points at a value') });
});
