import type { CallOutcome, JsonObject, WorkflowContext } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import { type CrashAt, type RunHarness, runHarness } from './testing/index.ts';

const text = { type: 'string', maxLength: 64 };
const object = (properties: JsonObject): JsonObject => ({
  ...{ type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
});
const close = testContract({
  name: 'close_room',
  tier: 1,
  effect: 'write',
  args: object({ room: text }),
  sinks: [],
  undo: { tool: 'open_room', args: {}, window_minutes: 60 },
});
const open = testContract({
  ...{ name: 'open_room', tier: 1, effect: 'write', args: object({ case_id: text }), sinks: [], idempotency: 'key' },
  ...{ result: object({ room: text }), returns: 'trusted' },
  undo: { tool: 'close_room', args: { room: { from: 'result', pointer: '/room' } }, window_minutes: 60 },
});

/** Opens three rooms; the third fails, so what was opened is closed again. */
const steps = async ({ act, unwind }: WorkflowContext): Promise<JsonObject> => {
  for (const case_id of ['one', 'two', 'three']) {
    const { status } = await act('open_room', { case_id }, { rationale: 'needed' });
    if (status === 'succeeded') continue;
    const { left, ...ended } = await unwind({ rationale: `room ${case_id} ${status}` });
    return { ...ended, left: left.map((each) => each.tool) };
  }
  return { status: 'open' };
};

function setUp(tools = [open, close]) {
  const harness = runHarness();
  harness.load({ tools, tier: 'low' });
  harness.code = steps;
  const effects: string[] = [];
  const done = (result: JsonObject): CallOutcome => ({ state: 'succeeded', status: 200, result, duration_ms: 1 });
  harness.gate.answer = ({ contract, args, idempotency_key: key }) => {
    if (args.case_id === 'three') return { state: 'failed', status: 409, reason: 'full', duration_ms: 1 };
    const effect = `${contract.name} ${args.case_id ?? args.room}`;
    // The key is honoured where the contract says so; whatever else comes twice has happened twice.
    if (contract.idempotency === 'none' || !effects.includes(`${effect} ${key}`)) effects.push(`${effect} ${key}`);
    return done(contract.name === 'open_room' ? { room: `r-${args.case_id}` } : { published: true });
  };
  return { harness, done: () => effects.map((effect) => effect.split(' ').slice(0, 2).join(' ')) };
}

async function carried(harness: RunHarness, crash?: CrashAt) {
  const { id } = await harness.submit();
  const first = await harness.carry(id, crash ? { crash } : {});
  if (first === 'crashed') expect(await harness.carry(id)).toBe('ended');
  return harness.run(id);
}

describe('F10: a workflow unwinds what it did', () => {
  test('latest first, and goes on with what stands', async () => {
    const { harness, done } = setUp();
    const run = await carried(harness);
    expect(run).toMatchObject({
      state: 'completed',
      result: { status: 'unwound', undone: 2, left: [], handoff: null },
    });
    expect(done()).toEqual(['open_room one', 'open_room two', 'close_room r-two', 'close_room r-one']);
  });

  test('nothing done is nothing to unwind', async () => {
    const { harness } = setUp();
    harness.code = async ({ unwind }) => ({ ...(await unwind({ rationale: 'none' })) }) as unknown as JsonObject;
    expect(await carried(harness)).toMatchObject({ result: { status: 'unwound', undone: 0, left: [] } });
  });

  test('F9: whichever step the process dies before or after, each room is closed once', async () => {
    const steps = ['start', 'act', 'act', 'act', 'unwind', 'complete'].length;
    for (let step = 0; step < steps; step++)
      for (const when of ['before', 'after'] as const) {
        const { harness, done } = setUp();
        const run = await carried(harness, { step, when });
        expect(run.result, `${when} ${step}`).toMatchObject({ status: 'unwound', undone: 2 });
        expect(done(), `${when} ${step}`).toEqual([
          'open_room one',
          'open_room two',
          'close_room r-two',
          'close_room r-one',
        ]);
        expect(harness.gate.audit.of('unwinding.begun')).toHaveLength(1);
      }
  });

  test('it waits for the people that an undo waits for', async () => {
    const { harness, done } = setUp([open, { ...close, tier: 3 }]);
    const { id } = await harness.submit();
    let asked = 0;
    const ended = await harness.carry(id, {
      onWait: async (topic) => {
        expect(topic).toBe(`unwind:${id}`);
        asked++;
        for (const approval of await harness.gate.approvals.list({ state: 'pending', limit: 10 }))
          await harness.gate.vote(approval.id);
      },
    });
    expect([ended, asked]).toEqual(['ended', 2]);
    expect((await harness.run(id)).result).toMatchObject({ status: 'unwound', undone: 2 });
    expect(done()).toHaveLength(4);
  });

  test('one that fails stops it, and the workflow is told what stands', async () => {
    const { harness } = setUp();
    const inner = harness.gate.answer;
    harness.gate.answer = (call) =>
      call.contract.name === 'close_room' ? { state: 'failed', reason: 'locked', duration_ms: 1 } : inner(call);
    expect((await carried(harness)).result).toMatchObject({
      status: 'stopped',
      undone: 0,
      left: ['open_room', 'open_room'],
      handoff: expect.stringMatching(/^hand_/),
    });
  });
});

test('F9: a run whose action is being settled waits for the outcome, and gets it', async () => {
  const { harness, done } = setUp();
  const inner = harness.gate.answer;
  let cut = 2;
  harness.gate.answer = async (call) => {
    const answer = await inner(call);
    return cut-- > 0 ? { state: 'unknown', reason: 'the connection broke', duration_ms: 1 } : answer;
  };
  harness.code = async ({ act }) => ({
    status: (await act('open_room', { case_id: 'one' }, { rationale: 'x' })).status,
  });
  const { id } = await harness.submit();
  const waits: string[] = [];
  await harness.carry(id, {
    onWait: async (_topic, until) => {
      waits.push(until.toISOString());
      harness.gate.clock.advance(until.getTime() - harness.gate.clock.now().getTime());
    },
  });
  expect((await harness.run(id)).result).toEqual({ status: 'succeeded' });
  expect(waits).toEqual(['2026-11-20T12:00:02.000Z', '2026-11-20T12:00:17.000Z']);
  expect(done()).toEqual(['open_room one']);
});
