import { type HistoryFacts, workflowContractSchema } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { baselinePolicies, createPolicyEngine, historyByTool } from '@portreeve/policy';
import { describe, expect, test } from 'vitest';
import { gateHarness } from './testing/index.ts';

const ARGS = {
  type: 'object',
  properties: { customer: { type: 'string' }, cents: { type: 'integer', minimum: 1 } },
  required: ['customer', 'cents'],
  additionalProperties: false,
};
const tool = (name: string, over: object = {}) =>
  testContract({
    name,
    tier: 1,
    effect: 'write',
    undo: { tool: 'take_back', args: {}, window_minutes: 60 },
    args: ARGS,
    sinks: [],
    ...over,
  });
const pay = tool('pay_refund');
const check = tool('check_identity');
const sign = tool('sign_off', { tier: 3 });

/** A gate whose workflow declares these facts, and forbids as these conditions say. */
function setUp(history: HistoryFacts, forbids: Readonly<Record<string, string>>) {
  const tools = [pay, check, sign];
  const contract = workflowContractSchema.parse({
    name: 'incident-summary',
    version: '1.0',
    title: 'Refunds',
    purpose: 'Pays refunds.',
    tier: 'low',
    owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
    scope: { sources: [], tools: tools.map(({ name }) => name), prompts: [] },
    approvers: ['case-approvers'],
    history,
    input: { type: 'object' },
  });
  const base = baselinePolicies();
  const rules = Object.entries(forbids).map(
    ([tool, condition], index) =>
      `@id("test.${index}") @code("limit") @reason("A limit.") @next("Wait.")\nforbid (principal, action == Action::"act:${tool}", resource) when { ${condition} };`,
  );
  const clock = { now: () => new Date('2026-11-20T10:00:00Z') };
  const policy = createPolicyEngine({
    layers: { ...base, action: [...base.action, { file: 'test.cedar', text: rules.join('\n') }] },
    clock,
    tools,
    history: historyByTool([{ contract, tools }]),
  });
  const harness = gateHarness({ policy });
  const gates = ['one', 'two'].map((name) => harness.process(name).gate);
  const wish = (contract = pay, args: object = {}, over: object = {}) =>
    harness.wish({
      contract,
      history,
      args: { customer: 'c-1', cents: 100, ...args },
      workflow: {
        name: 'incident-summary',
        tier: 'low',
        tools: tools.map(({ name }) => name),
        sources: [],
        approvers: ['case-approvers'],
      },
      ...over,
    });
  const submit = async (...given: Parameters<typeof wish>) => gates[0]!.submit(wish(...given));
  return { harness, gates, wish, submit };
}

const fact = (over: object): HistoryFacts[string] =>
  ({
    kind: 'count',
    tools: ['pay_refund'],
    by: [],
    window: '1d',
    counts: 'attempted',
    ...over,
  }) as HistoryFacts[string];

describe('conditions over history', () => {
  test('C6: 200 parallel proposals against a limit of 50 let exactly 50 through', async () => {
    const { harness, gates, wish } = setUp({ today: fact({}) }, { pay_refund: 'context.history.today >= 50' });
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) => gates[index % 2]!.submit(wish(pay, { customer: `c-${index}` }))),
    );
    const counted = Map.groupBy(results, ({ status }) => status);
    expect(counted.get('succeeded')).toHaveLength(50);
    expect(counted.get('refused')).toHaveLength(150);
    expect(harness.calls).toHaveLength(50);
  });

  test('C6: a cap on a sum, for each key by itself, with what is asked for now', async () => {
    const { submit } = setUp(
      { paid: fact({ kind: 'sum', of: '/cents', by: ['/customer'] }) },
      { pay_refund: 'context.history.paid + context.args.cents > 250' },
    );
    expect(await submit(pay, { cents: 150 })).toMatchObject({ status: 'succeeded' });
    expect(await submit(pay, { cents: 101 })).toMatchObject({
      status: 'refused',
      decision: { reasons: [{ code: 'limit' }] },
    });
    expect(await submit(pay, { cents: 100 })).toMatchObject({ status: 'succeeded' });
    expect(await submit(pay, { cents: 1 })).toMatchObject({ status: 'refused' });
    expect(await submit(pay, { cents: 250, customer: 'c-2' })).toMatchObject({ status: 'succeeded' });
  });

  test('C6: a cool-down ends with its window', async () => {
    const { harness, submit } = setUp(
      { lately: fact({ by: ['/customer'], window: '10m' }) },
      { pay_refund: 'context.history.lately > 0' },
    );
    expect(await submit()).toMatchObject({ status: 'succeeded' });
    expect(await submit()).toMatchObject({ status: 'refused' });
    harness.clock.advance(10 * 60_000 - 1);
    expect(await submit()).toMatchObject({ status: 'refused' });
    harness.clock.advance(1);
    expect(await submit()).toMatchObject({ status: 'succeeded' });
  });

  test('C6: only after another tool has succeeded, for the same customer', async () => {
    const { harness, submit } = setUp(
      { checked: fact({ tools: ['check_identity'], by: ['/customer'], window: '1h', counts: 'succeeded' }) },
      { pay_refund: 'context.history.checked == 0' },
    );
    expect(await submit()).toMatchObject({ status: 'refused' });
    harness.answer = () => ({ state: 'failed', status: 404, reason: 'nobody of that name', duration_ms: 1 }) as never;
    await submit(check);
    expect(await submit()).toMatchObject({ status: 'refused' });
    harness.answer = () => ({ state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 });
    expect(await submit(check, { customer: 'c-2' })).toMatchObject({ status: 'succeeded' });
    expect(await submit()).toMatchObject({ status: 'refused' });
    expect(await submit(check)).toMatchObject({ status: 'succeeded' });
    expect(await submit()).toMatchObject({ status: 'succeeded' });
  });

  test('C6: whoever took the first step, in person or through an agent, does not take the second', async () => {
    const { harness, submit } = setUp(
      { prepared: fact({ kind: 'requesters', tools: ['check_identity'], by: ['/customer'] }) },
      {
        pay_refund:
          'context.history.prepared.contains(principal) || context.history.prepared.containsAny(principal.actors)',
      },
    );
    const { ana, requester } = harness.people;
    const alone = { principal: { ...requester.principal, act: [] } };
    const through = {
      principal: { ...ana.principal, roles: ['requester'], act: [{ id: requester.principal.id, kind: 'person' }] },
    };
    const another = { principal: { ...ana.principal, roles: ['requester'], act: [] } };
    expect(await submit(check, {}, alone)).toMatchObject({ status: 'succeeded' });
    expect(await submit(pay, {}, alone)).toMatchObject({ status: 'refused' });
    expect(await submit(pay, {}, through)).toMatchObject({ status: 'refused' });
    expect(await submit(pay, {}, another)).toMatchObject({ status: 'succeeded' });
  });

  test('C6: whoever approved one step does not approve the next, decided again with the approval', async () => {
    const { harness, gates, wish } = setUp(
      { signed: fact({ kind: 'approvers', tools: ['sign_off'], by: ['/customer'] }) },
      { sign_off: 'context.history.signed.containsAny(context.approval.people)' },
    );
    const through = async (person: 'ana' | 'bo') => {
      const wanted = wish(sign);
      const result = await gates[0]!.submit(wanted);
      if (result.status !== 'waiting') throw new Error(`it is ${result.status}`);
      await harness.vote(result.approval, person);
      return gates[0]!.resume(wanted.id);
    };
    expect(await through('ana')).toMatchObject({ status: 'succeeded' });
    expect(await through('ana')).toMatchObject({ status: 'refused' });
    expect(await through('bo')).toMatchObject({ status: 'succeeded' });
  });

  test('C6 INV8: what failed for certain frees its place; what is unknown keeps it', async () => {
    const { harness, submit } = setUp({ today: fact({}) }, { pay_refund: 'context.history.today >= 1' });
    harness.answer = () => ({ state: 'failed', status: 422, reason: 'no', duration_ms: 1 }) as never;
    expect(await submit()).toMatchObject({ status: 'failed' });
    harness.answer = () => ({ state: 'unknown', reason: 'the connection broke', duration_ms: 1 }) as never;
    expect(await submit()).toMatchObject({ status: 'unknown' });
    harness.answer = () => ({ state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 });
    expect(await submit()).toMatchObject({ status: 'refused' });
  });

  test('C6 F6: two approvals for one last place: the second is refused when it is used', async () => {
    const { harness, gates, wish } = setUp(
      { today: fact({ tools: ['sign_off'] }) },
      { sign_off: 'context.history.today >= 1' },
    );
    const wanted = [wish(sign), wish(sign)];
    const asked = await Promise.all(wanted.map((each) => gates[0]!.submit(each)));
    for (const each of asked) {
      if (each.status !== 'waiting') throw new Error(`it is ${each.status}`);
      await harness.vote(each.approval);
    }
    const ended = await Promise.all(wanted.map(({ id }, index) => gates[index]!.resume(id)));
    expect(ended.map(({ status }) => status).sort()).toEqual(['refused', 'succeeded']);
    expect(harness.calls).toHaveLength(1);
  });

  test('C4 C6: history that cannot be read refuses by error, and nothing is called', async () => {
    const { harness, wish } = setUp({ today: fact({}) }, { pay_refund: 'context.history.today >= 1' });
    const broken = harness.process('three', {
      history: {
        lock: async () => undefined,
        read: async () => ({}),
        take: async () => undefined,
        succeed: async () => undefined,
        release: async () => undefined,
        forget: async () => 0,
      },
    });
    expect(await broken.gate.submit(wish())).toMatchObject({ status: 'refused' });
    expect(harness.calls).toHaveLength(0);
  });
});
