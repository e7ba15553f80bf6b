import { BOTTOM, CATEGORIES, fixedClock, type PolicyRequest } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Unsupported } from './compile/index.ts';
import { type CompiledJudge, compiledJudge } from './compiled.ts';
import { buildEngine, createPolicyEngine } from './engine.ts';
import type { Disagreement } from './judge.ts';
import type { RuleBook } from './official.ts';
import { baselinePolicies, combine, type PolicyLayers } from './sources.ts';
import {
  actRequest,
  admitRequest,
  apiRequest,
  askRequest,
  environmentFacts,
  person,
  readRequest,
} from './testing/index.ts';
import { layersOf, layersWith, ruleText } from './testing/policies.ts';

const clock = fixedClock('2026-11-20T10:00:00Z');
const ACT = 'principal, action == Action::"act", resource';
const approved = { approvers: ['prn_bob'], groups: ['leads'] };

/** The compiler, but a rule of this id is left out: it disagrees where that rule matters. */
const blindTo = (id: string) => (book: RuleBook) =>
  compiledJudge({ ...book, rules: book.rules.filter((rule) => rule.id !== id) });
const unable = (): CompiledJudge => {
  throw new Unsupported('nothing, in this test');
};

function engineWith(layers: PolicyLayers, compile: (book: RuleBook) => CompiledJudge, secondOpinionOneIn = 0) {
  const reports: Disagreement[] = [];
  const onDisagreement = (report: Disagreement) => {
    reports.push(report);
    throw new Error('a listener that fails changes nothing');
  };
  return { reports, engine: buildEngine({ layers, clock, secondOpinionOneIn, onDisagreement }, { compile }) };
}

const forbidden = layersWith('data', ruleText('x.no', 'forbid', { scope: ACT }));

describe('C4: the second opinion', () => {
  test('a permit that an approval opened is judged by the official engine too; a disagreement refuses and is told', () => {
    const { engine, reports } = engineWith(forbidden, blindTo('x.no'));
    expect(engine.path()).toEqual({ path: 'compiled', why: null });
    const decision = engine.decide(actRequest({ approval: approved }));
    expect(decision).toMatchObject({ outcome: 'refuse', remedies: [] });
    expect(decision.layers.map(({ effect }) => effect)).toEqual(['permit', 'error', 'permit', 'permit']);
    expect(decision.layers[1]?.errors).toEqual([
      'two evaluations of the rules disagree (permit by data.permit-all against forbid by x.no)',
    ]);
    expect(reports).toEqual([
      {
        policy_version: engine.version,
        request_digest: decision.request_digest,
        layers: [
          {
            compiled: { layer: 'data', effect: 'permit', rules: ['data.permit-all'], errors: [] },
            official: { layer: 'data', effect: 'forbid', rules: ['x.no'], errors: [] },
          },
        ],
      },
    ]);
  });

  test('from the disagreement on, the official engine judges alone', () => {
    const { engine, reports } = engineWith(forbidden, blindTo('x.no'));
    expect(engine.decide(actRequest()).outcome).toBe('permit');
    engine.decide(actRequest({ approval: approved }));
    expect(engine.path()).toEqual({ path: 'official', why: 'the compiled rules and the official engine disagreed' });
    const decision = engine.decide(actRequest());
    expect(decision.layers[1]).toEqual({ layer: 'data', effect: 'forbid', rules: ['x.no'], errors: [] });
    expect(reports).toHaveLength(1);
  });

  test('the sample: every request with 1 in 1, none with 0, some with 1 in 4', () => {
    const outcome = (oneIn: number, request: PolicyRequest) =>
      engineWith(forbidden, blindTo('x.no'), oneIn).engine.decide(request).outcome;
    expect(outcome(1, actRequest())).toBe('refuse');
    expect(outcome(0, actRequest())).toBe('permit');
    const sampled = Array.from({ length: 24 }, (_, index) => outcome(4, actRequest({ args: { index } })));
    expect(new Set(sampled)).toEqual(new Set(['permit', 'refuse']));
  });

  test('a compiled rule that fails where Cedar finds no error is a disagreement', () => {
    const failing = (book: RuleBook): CompiledJudge => ({
      ...compiledJudge(book),
      evaluate: () => {
        const none = { permits: [], forbids: [], failed: [] };
        return { identity: none, data: { ...none, failed: [book.rules[0]!] }, action: none, environment: none };
      },
    });
    const { engine, reports } = engineWith(layersOf(), failing);
    expect(engine.decide(actRequest()).layers[1]?.effect).toBe('error');
    expect(reports).toHaveLength(1);
  });

  test('a request that only the compiled rules refuse to read is a disagreement in every layer', () => {
    const { engine, reports } = engineWith(layersOf(), (book) => ({ ...compiledJudge(book), read: () => null }));
    expect(engine.decide(actRequest()).layers.every(({ effect }) => effect === 'error')).toBe(true);
    expect(reports[0]?.layers).toHaveLength(4);
  });

  test('without a listener a warning is emitted', async () => {
    const warned = new Promise<NodeJS.ErrnoException>((resolve) => {
      process.once('warning', (warning) => resolve(warning as NodeJS.ErrnoException));
    });
    const engine = buildEngine({ layers: forbidden, clock, secondOpinionOneIn: 1 }, { compile: blindTo('x.no') });
    engine.decide(actRequest());
    expect((await warned).code).toBe('PORTREEVE_POLICY_DISAGREEMENT');
  });

  test('a sample that is no whole number is a caller’s error', () => {
    for (const secondOpinionOneIn of [-1, 1.5, Number.NaN])
      expect(() => createPolicyEngine({ layers: layersOf(), clock, secondOpinionOneIn })).toThrow(RangeError);
  });
});

test('C4: what the compiler does not know, the official engine judges', () => {
  const { engine } = engineWith(forbidden, unable);
  expect(engine.path()).toEqual({ path: 'official', why: 'not compiled: nothing, in this test' });
  expect(engine.decide(actRequest()).layers[1]?.rules).toEqual(['x.no']);
});

test('a fault of the compiler that is none of its known limits is thrown at the start', () => {
  const broken = () => {
    throw new TypeError('a bug');
  };
  expect(() => engineWith(layersOf(), broken)).toThrow('a bug');
});

const none: PolicyLayers = { identity: [], data: [], action: [], environment: [] };
const overflow = 'when { context.approval.count + 9223372036854775807 > 0 }';
const rules = [
  ruleText('w.fails', 'forbid', { scope: ACT, tail: overflow }),
  ruleText('w.shadow', 'forbid', { scope: ACT, head: '@mode("shadow")', tail: 'when { resource.tier > 1 }' }),
  ruleText('w.tell', 'forbid', {
    scope: 'principal in Group::"temps", action == Action::"act", resource',
    head: '@remedy("approval:$workflow:2")',
    tail: 'when { context.approval.count < 2 }',
  }),
].join('\n');
const layers = combine(baselinePolicies(), {
  workflow: 'refund',
  layers: { ...none, action: [{ file: 'refund/action.cedar', text: rules }] },
});
const quick = createPolicyEngine({ layers, clock, secondOpinionOneIn: 0 });
const slow = engineWith(layers, unable).engine;

const sinks = ['recipient', 'target', 'amount', 'payload'] as const;
const asked: fc.Arbitrary<PolicyRequest> = fc
  .record({
    workflow: fc.record({
      name: fc.constantFrom('triage', 'refund'),
      tier: fc.constantFrom('low', 'medium', 'high', 'critical' as const),
      tools: fc.constantFrom<string[]>(['file_note'], []),
      approvers: fc.constantFrom<string[]>(['leads'], []),
    }),
    tool: fc.record({
      tier: fc.constantFrom(1, 2, 3, 4 as const),
      effect: fc.constantFrom('read', 'write', 'external' as const),
      reversible: fc.boolean(),
    }),
    untrusted_sinks: fc.subarray([...sinks]),
    injection: fc.constantFrom(0, 799, 800, 1000),
    approval: fc.constantFrom(null, approved, { approvers: ['prn_bob', 'prn_eve'], groups: ['leads'] }),
    freezes: fc.constantFrom<string[]>(
      [],
      [],
      [],
      ['all'],
      ['tool:file_note'],
      ['workflow:refund'],
      ['principal:prn_ada'],
    ),
    incident: fc.boolean(),
    roles: fc.subarray(['requester', 'approver', 'operator', 'auditor', 'admin'] as const, { minLength: 1 }),
    groups: fc.constantFrom<string[]>([], ['temps'], ['temps', 'leads']),
    deidentified: fc.boolean(),
    categories: fc.subarray([...CATEGORIES]),
    other: fc.constantFrom('act', 'act', 'act', 'act', 'admit', 'read', 'ask', 'api' as const),
    operation: fc.constantFrom('runs.read', 'tokens.create', 'no.such', 'audit.verify'),
  })
  .map(({ roles, groups, freezes, incident, other, operation, workflow, deidentified, categories, ...rest }) => {
    const common = { principal: person(roles, { groups }), environment: environmentFacts({ freezes, incident }) };
    const act = actRequest({ ...rest, ...common, workflow });
    return {
      act,
      admit: admitRequest({ ...common, workflow: act.workflow }),
      read: readRequest({ ...common, workflow: act.workflow }),
      ask: askRequest({
        ...{ ...common, workflow: act.workflow, deidentified, injection: act.injection },
        influence: { ...BOTTOM, categories, origins: [] },
      }),
      api: { ...apiRequest(operation), ...common },
    }[other];
  });

const EVERY_OUTCOME: readonly PolicyRequest[] = [
  actRequest(),
  actRequest({ tool: { tier: 2 } }),
  actRequest({ tool: { tier: 3 } }),
  actRequest({ tool: { tier: 4 } }),
  actRequest({ workflow: { name: 'refund' }, approval: approved }),
  askRequest({ influence: { ...BOTTOM, categories: ['personal'], origins: [] } }),
];

test('C8: decisions on the compiled path are those of the official engine, byte for byte', () => {
  expect([quick.path().path, slow.path().path]).toEqual(['compiled', 'official']);
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(asked, (request) => {
      const { id: _, ...fast } = quick.decide(request);
      const { id: __, ...official } = slow.decide(request);
      expect(fast).toEqual(official);
      outcomes.add(fast.layers.some(({ effect }) => effect === 'error') ? 'error' : fast.outcome);
    }),
    { numRuns: 400, examples: EVERY_OUTCOME.map((request): [PolicyRequest] => [request]) },
  );
  expect([...outcomes].sort()).toEqual(['approve', 'error', 'narrow', 'notify', 'permit', 'refuse']);
  expect(quick.path().path).toBe('compiled');
});
