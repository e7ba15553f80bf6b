import { fixedClock, type JsonObject, type PolicyRequest } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { createPolicyEngine } from './engine.ts';
import { internalsOf } from './internals.ts';
import { contextPathsOf, overlaps } from './looks-at.ts';
import { redactedPlaces } from './redacted.ts';
import { type RecordedDecision, replayDecisions } from './replay.ts';
import { baselinePolicies, type PolicyLayers } from './sources.ts';
import { actRequest, admitRequest, person } from './testing/index.ts';
import { layersWith, ruleText } from './testing/policies.ts';
import { argumentSchema, toolContract } from './testing/tools.ts';

const MARK = '\u27e6personal:card:16:0123456789abcdef\u27e7';
const refund = toolContract('refund', {
  args: argumentSchema(
    {
      note: { type: 'string' },
      card: { type: 'integer' },
      amount: { type: 'number' },
      tags: { type: 'array', items: { type: 'string' } },
      to: { type: 'object', properties: { name: { type: 'string' }, iban: { type: 'string' } }, required: ['iban'] },
      free: {},
    },
    ['note', 'card', 'amount'],
  ),
});
const engineOf = (layers: PolicyLayers) =>
  createPolicyEngine({ layers, clock: fixedClock('2026-11-20T10:00:00Z'), tools: [refund] });
const live = engineOf(baselinePolicies());
const ARGS = {
  note: 'from ada@example.org',
  card: 4111111111111111,
  amount: 12.5,
  tags: ['a', 'b@example.org'],
  to: { name: 'Ada', iban: 'DE89370400440532013000' },
  free: { 'eve@example.org': 1 },
};
const asked = (args: JsonObject = ARGS) =>
  actRequest({ tool: { name: 'refund' }, workflow: { tools: ['refund'] }, args });

/** A candidate that also forbids where this condition holds. */
const candidate = (condition: string, action = 'action == Action::"act:refund"') =>
  engineOf({
    ...baselinePolicies(),
    data: [
      ...baselinePolicies().data,
      {
        file: 'x.cedar',
        text: ruleText('x.no', 'forbid', {
          scope: `principal, ${action}, resource`,
          tail: condition && `when { ${condition} }`,
        }),
      },
    ],
  });

async function* stream(...records: readonly RecordedDecision[]) {
  yield* records;
}

/** What is left of a recorded request once `audit` has redacted the arguments like this. */
const replayed = (args: JsonObject, engine: ReturnType<typeof candidate>, change: Partial<PolicyRequest> = {}) =>
  replayDecisions(
    stream({ request: { ...asked(args), ...change }, decision: live.decide(asked()), record: 'finance:7' }),
    engine,
  );

describe('C7: a redacted value hinders only where a rule of the candidate can look at it', () => {
  test.each<[string, JsonObject]>([
    ['text', { ...ARGS, note: `from ${MARK}` }],
    ['a number that became a text', { ...ARGS, card: MARK }],
    ['an item of a list', { ...ARGS, tags: ['a', MARK] }],
    ['a member of a record', { ...ARGS, to: { name: 'Ada', iban: MARK } }],
    ['the name of a member', { ...ARGS, free: { [MARK]: 1 } }],
    ['several', { ...ARGS, note: MARK, card: MARK, to: { iban: MARK } }],
  ])('%s that no rule looks at: judged', async (_, args) => {
    expect(await replayed(args, candidate('context.args.amount.greaterThan(decimal("100.0"))'))).toMatchObject({
      same: 1,
      cannot_judge: [],
    });
    expect(await replayed(args, candidate('context.args.amount.greaterThan(decimal("10.0"))'))).toMatchObject({
      changes: { 'permit>refuse': 1 },
      changed: [{ record: 'finance:7', asked: 'act refund', rules: ['x.no'] }],
      cannot_judge: [],
    });
  });

  test.each<[string, string, JsonObject, string]>([
    ['text', 'context.args.note like "*x*"', { ...ARGS, note: MARK }, 'args/note'],
    ['a number', 'context.args.card == 1', { ...ARGS, card: MARK }, 'args/card'],
    [
      'a list',
      'context.args has tags && context.args.tags.contains("a")',
      { ...ARGS, tags: ['a', MARK] },
      'args/tags/*',
    ],
    [
      'its presence',
      'context.args has to && context.args.to has name',
      { ...ARGS, to: { name: MARK } },
      'args/to/name',
    ],
    ['a path of has', 'context.args has to.name', { ...ARGS, to: { name: MARK, iban: '' } }, 'args/to/name'],
    ['what surrounds it', 'context.args has to', { ...ARGS, to: { name: MARK, iban: '' } }, 'args/to/name'],
    ['a name within it', 'context.args has to.name', { ...ARGS, to: { [MARK]: '', iban: '' } }, 'args/to'],
    ['all arguments', 'context.args == context.args', { ...ARGS, free: MARK }, 'args/free'],
    ['the whole context', 'context == context', { ...ARGS, free: MARK }, 'args/free'],
  ])('a rule that looks at %s: not judged, and said why', async (_, condition, args, place) => {
    const replay = await replayed(args, candidate(condition));
    expect(replay).toMatchObject({ total: 1, same: 0, changed_total: 0 });
    expect(replay.cannot_judge).toEqual([{ why: `${place} was redacted`, count: 1 }]);
  });

  test('a rule about another tool, one in shadow mode and one for starting runs look at nothing of it', async () => {
    const args = { ...ARGS, note: MARK };
    const other = engineOf(
      layersWith('data', ruleText('x.no', 'forbid', { scope: 'principal, action == Action::"admit", resource' })),
    );
    const shadow = engineOf(
      layersWith(
        'data',
        ruleText('x.no', 'forbid', {
          head: '@mode("shadow")',
          scope: 'principal, action == Action::"act:refund", resource',
          tail: 'when { context.args.note == "" }',
        }),
      ),
    );
    for (const engine of [other, shadow]) expect((await replayed(args, engine)).cannot_judge).toEqual([]);
  });

  test('a tool that the candidate does not know: no rule sees its arguments', async () => {
    const engine = createPolicyEngine({ layers: baselinePolicies(), clock: fixedClock('2026-11-20T10:00:00Z') });
    expect(await replayed({ ...ARGS, note: MARK }, engine)).toMatchObject({ same: 1, cannot_judge: [] });
  });

  test('what nobody can look at does not hinder, and every other fact does', async () => {
    const engine = candidate('context.args.amount.greaterThan(decimal("100.0"))');
    const { principal, influence, workflow } = asked();
    expect(
      await replayed(ARGS, engine, {
        principal: { ...principal, name: MARK.repeat(8) },
        influence: { ...influence, origins: [MARK] },
        provenance: [{ path: MARK }],
      } as never),
    ).toMatchObject({ same: 1, cannot_judge: [] });
    for (const [change, why] of [
      [{ principal: { ...principal, groups: [MARK] } }, 'principal/groups/* was redacted'],
      [{ workflow: { ...workflow, approvers: ['leads', MARK] } }, 'workflow/approvers/* was redacted'],
    ] as [Partial<PolicyRequest>, string][])
      expect((await replayed(ARGS, engine, change)).cannot_judge).toEqual([{ why, count: 1 }]);
  });

  test('a request that holds such a text of itself is whole, and judged', async () => {
    const request = asked({ ...ARGS, note: MARK });
    const engine = candidate('context.args.note like "*personal*"');
    const replay = await replayDecisions(stream({ request, decision: live.decide(request) }), engine);
    expect(replay).toMatchObject({ changes: { 'permit>refuse': 1 }, cannot_judge: [] });
  });

  test('anything else that differs is not the request that was judged', async () => {
    const replay = await replayed({ ...ARGS, amount: 13 }, candidate(''));
    expect(replay.cannot_judge).toEqual([{ why: 'the recorded request is not the one that was judged', count: 1 }]);
  });
});

test('C7: other people, or more of them, are a difference; the same are none', async () => {
  const request = actRequest({ tool: { tier: 3 }, principal: person() });
  const decision = live.decide(request);
  expect(decision.outcome).toBe('approve');
  const more = engineOf(
    layersWith(
      'action',
      ruleText('x.two', 'forbid', {
        head: '@remedy("approval:$workflow:2")',
        scope: 'principal, action == Action::"act", resource',
        tail: 'when { context.approval.count < 2 }',
      }),
    ),
  );
  expect(await replayDecisions(stream({ request, decision }), more)).toMatchObject({
    changes: { 'approve>approve': 1 },
    changed: [{ remedies: [{ kind: 'approval', groups: ['leads'], quorum: 2 }] }],
  });
  expect(await replayDecisions(stream({ request, decision }), live)).toMatchObject({ same: 1, changed_total: 0 });
  const admit = admitRequest();
  expect(await replayDecisions(stream({ request: admit, decision: live.decide(admit) }), live)).toMatchObject({
    same: 1,
  });
});

test('the paths that a rule names are all found, and none that it does not', () => {
  const condition =
    'context.args has to.name && context.args.to.name == "x" && (context.args has tags) && principal in Group::"g" && !context.environment.incident && {"a": context.args.note}.a == ""';
  const rule = internalsOf(candidate(condition)).rules.find(({ id }) => id === 'x.no')!;
  const paths = new Set(contextPathsOf(rule.json).map((path) => path.join('.')));
  expect([...paths].sort()).toEqual(['args.note', 'args.tags', 'args.to.name', 'environment.incident']);
  expect(overlaps([], ['args'])).toBe(true);
  expect(overlaps(['args', 'a'], ['args', 'b'])).toBe(false);
  expect(redactedPlaces({ a: [MARK, { b: `x ${MARK}` }], [MARK]: { c: MARK }, d: 'x' })).toEqual([
    [],
    ['a', '0'],
    ['a', '1', 'b'],
  ]);
});
