import { digestOf, type JsonObject, proposalDigest, type ToolContract } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { baselinePolicies, createPolicyEngine } from '@portreeve/policy';
import { describe, expect, test } from 'vitest';
import { gateHarness } from './testing/index.ts';

const grant = testContract({
  name: 'grant_access',
  tier: 3,
  effect: 'write',
  undo: { tool: 'revoke_access', args: {}, window_minutes: 60 },
  args: {
    type: 'object',
    properties: {
      who: { type: 'string' },
      role: { enum: ['reader', 'writer', 'owner'] },
      minutes: { type: 'integer', minimum: 1 },
      scopes: { type: 'array', items: { type: 'string' }, minItems: 1 },
      note: { type: 'string' },
    },
    required: ['who', 'role', 'minutes', 'scopes'],
    additionalProperties: false,
  },
  sinks: [{ path: '/who', kind: 'recipient' }],
  profiles: {
    short: [{ do: 'cap', path: '/minutes', max: 60 }],
    reader: [
      { do: 'set', path: '/role', to: 'reader' },
      { do: 'keep', path: '/scopes', members: ['logs', 'metrics'] },
      { do: 'drop', path: '/note' },
    ],
    useless: [{ do: 'cap', path: '/minutes', max: 9999 }],
  },
});

function setUp(rules: Readonly<Record<string, string>>, contract: ToolContract = grant) {
  const base = baselinePolicies();
  const text = Object.entries(rules).map(
    ([remedy, condition], index) =>
      `@id("test.${index}") @code("too_much") @reason("Too much.") @remedy("${remedy}")\nforbid (principal, action == Action::"act:grant_access", resource) when { ${condition} };`,
  );
  const harness = gateHarness({
    policy: createPolicyEngine({
      layers: { ...base, data: [...base.data, { file: 'test.cedar', text: text.join('\n') }] },
      clock: { now: () => new Date('2026-11-20T10:00:00Z') },
      tools: [contract],
    }),
  });
  const { gate } = harness.process('one');
  const ask = (args: JsonObject = {}) =>
    harness.wish({
      contract,
      request: { who: 'prn_eve' },
      args: {
        who: 'prn_eve',
        role: 'owner',
        minutes: 600,
        scopes: ['logs', 'billing', 'metrics'],
        note: 'please',
        ...args,
      },
    });
  return { harness, gate, ask };
}

describe('narrowing', () => {
  test('C2: what policy narrows is decided anew, approved and executed as it was narrowed, and on record', async () => {
    const { harness, gate, ask } = setUp({
      'narrow:short': 'context.args.minutes > 60',
      'narrow:reader': 'context.args.role != "reader"',
    });
    const wanted = ask();
    const waiting = await gate.submit(wanted);
    if (waiting.status !== 'waiting') throw new Error(`it is ${waiting.status}`);
    const args = { who: 'prn_eve', role: 'reader', minutes: 60, scopes: ['logs', 'metrics'] };
    const stored = await harness.stored(wanted.id);
    expect(stored.proposal.args).toEqual(args);
    expect(stored.narrowed).toEqual({ profiles: ['reader', 'short'], asked: wanted.args });
    expect(stored.proposal.digest).toBe(proposalDigest(stored.proposal));
    expect(stored.proposal.provenance).toMatchObject([
      { path: '/who', kind: 'request' },
      { path: '/role', kind: 'constant', origins: ['policy'] },
      { path: '/minutes', kind: 'constant', origins: ['policy'] },
      { path: '/scopes/0', kind: 'constant', origins: [] },
      { path: '/scopes/1', kind: 'constant', origins: [] },
    ]);
    expect(harness.story()).toEqual([
      'proposal.submitted',
      'decision.made:narrow',
      'proposal.narrowed',
      'decision.made:approve',
      'approval.requested',
    ]);
    const [narrowed] = harness.audit.of('proposal.narrowed');
    const [asked] = harness.audit.of('proposal.submitted');
    expect(narrowed?.data).toMatchObject({ from_digest: asked?.data.digest, digest: stored.proposal.digest });
    expect(narrowed?.data.args_digest).toBe(digestOf(args));
    // The people approve what will be done, and exactly that is done.
    await harness.vote(waiting.approval);
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded', narrowed: ['reader', 'short'] });
    expect(harness.calls).toMatchObject([{ call: { args } }]);
  });

  test('C2: what is within the limits is left as it was asked', async () => {
    const { harness, gate, ask } = setUp({ 'narrow:short': 'context.args.minutes > 60' });
    const wanted = ask({ minutes: 60 });
    expect(await gate.submit(wanted)).toMatchObject({ status: 'waiting' });
    expect((await harness.stored(wanted.id)).narrowed).toBeNull();
  });

  test.each([
    ['a profile that the tool does not have', 'narrow:unknown'],
    ['a profile that changes nothing', 'narrow:useless'],
  ])('C2 INV2: %s is a refusal, never a permit', async (_name, remedy) => {
    const { harness, gate, ask } = setUp({ [remedy]: 'context.args.minutes > 60' });
    expect(await gate.submit(ask())).toMatchObject({ status: 'refused', decision: { outcome: 'narrow' } });
    expect(harness.calls).toHaveLength(0);
  });

  test('C2 INV2: narrowed to what the contract does not allow is a refusal', async () => {
    const { gate, ask } = setUp({ 'narrow:reader': 'context.args.role != "reader"' });
    expect(await gate.submit(ask({ scopes: ['billing'] }))).toMatchObject({ status: 'refused' });
  });

  test('C2 INV2: a profile that does not lift the denial is applied once, and then it is refused', async () => {
    const { harness, gate, ask } = setUp({ 'narrow:short': 'context.args.minutes > 30' });
    expect(await gate.submit(ask())).toMatchObject({ status: 'refused' });
    expect(harness.story().filter((line) => line === 'proposal.narrowed')).toHaveLength(1);
  });
});
