import {
  ACTION_TIERS,
  BOTTOM,
  CATEGORIES,
  type Clearance,
  CONFIDENTIALITY,
  covers,
  EFFECTS,
  FLOW_HOLDERS,
  FLOW_PAYLOADS,
  INTEGRITY,
  join,
  LAYERS,
  RISK_TIERS,
  ROLES,
  type Role,
} from '@portreeve/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OPERATION_IDS } from './operations.ts';
import { baselinePolicies, type PolicyLayers } from './sources.ts';
import { actRequest, apiRequest, askRequest, environmentFacts, type RequestOf } from './testing/index.ts';
import { engineOf, STRICTNESS } from './testing/policies.ts';

const baseline = baselinePolicies();
const engine = engineOf(baseline);
const SINKS = ['recipient', 'target', 'amount', 'payload'] as const;

const label = fc.record({
  integrity: fc.constantFrom(...INTEGRITY),
  confidentiality: fc.constantFrom(...CONFIDENTIALITY),
  categories: fc.subarray([...CATEGORIES]),
  origins: fc.constant<string[]>([]),
});

const request: fc.Arbitrary<RequestOf<'act'>> = fc
  .record({
    risk: fc.constantFrom(...RISK_TIERS),
    tier: fc.constantFrom(...ACTION_TIERS),
    effect: fc.constantFrom(...EFFECTS),
    reversible: fc.boolean(),
    influence: label,
    clearance: fc.oneof(
      fc.constant<Clearance>({ confidentiality: 'restricted', categories: [...CATEGORIES] }),
      fc.record({ confidentiality: fc.constantFrom(...CONFIDENTIALITY), categories: fc.subarray([...CATEGORIES]) }),
    ),
    untrusted_sinks: fc.subarray([...SINKS]),
    injection: fc.constantFrom(0, 500, 799, 800, 1000),
    approvers: fc.subarray(['prn_bob', 'prn_eve', 'prn_ada']),
    declared: fc.constantFrom(true, true, true, false),
    incident: fc.boolean(),
    // Mostly what goes on, so that the properties are not about refusals alone.
    freezes: fc.constantFrom<string[]>([], [], [], ['tool:other'], ['all'], ['tool:file_note']),
  })
  .map(({ risk, tier, effect, reversible, influence, clearance, untrusted_sinks, injection, approvers, ...rest }) =>
    actRequest({
      workflow: { tier: risk, tools: rest.declared ? ['file_note'] : [] },
      tool: { tier, effect, reversible, clearance },
      influence,
      untrusted_sinks,
      injection,
      approval: approvers.length === 0 ? null : { approvers, groups: ['leads'] },
      environment: environmentFacts({ incident: rest.incident, freezes: rest.freezes }),
    }),
  );

const strictness = (asked: RequestOf<'act'>) => STRICTNESS[engine.decide(asked).outcome];

test('D5: more taint never opens', () => {
  fc.assert(
    fc.property(request, label, fc.subarray([...SINKS]), fc.nat(1000), (asked, more, sinks, injection) => {
      const joined = join(asked.influence, more);
      const tainted = {
        ...asked,
        influence: { ...joined, categories: [...joined.categories], origins: [] },
        untrusted_sinks: [...new Set([...asked.untrusted_sinks, ...sinks])],
        injection: Math.max(asked.injection, injection),
      };
      expect(strictness(tainted)).toBeGreaterThanOrEqual(strictness(asked));
    }),
    { numRuns: 60 },
  );
});

/** Facts that are graver where they hold. */
const FLAGS = ['tainted', 'destructive', 'egress', 'amount', 'unreviewed'] as const;

const flow = fc.record({
  author: fc.constant('model' as const),
  foreseen: fc.boolean(),
  tainted: fc.boolean(),
  destructive: fc.boolean(),
  egress: fc.boolean(),
  amount: fc.boolean(),
  chosen_sinks: fc.subarray([...SINKS]),
  holder: fc.constantFrom(...FLOW_HOLDERS),
  payload: fc.constantFrom(...FLOW_PAYLOADS),
  capacity_bits: fc.nat(40),
  unreviewed: fc.boolean(),
});

test('D5 D6: not foreseen, tainted, destroying, sending out, chosen, steering or held by others: never more open', () => {
  fc.assert(
    fc.property(
      request,
      flow,
      fc.constantFrom('foreseen', ...FLAGS, 'chosen', 'payload', 'holder'),
      (asked, facts, what) => {
        // What quarantine limits is only of weight before anything else was read.
        const limit = what === 'tainted' ? { ...facts, capacity_bits: 0 } : facts;
        const worse = {
          ...limit,
          ...(what === 'foreseen' ? { foreseen: false } : {}),
          ...(FLAGS.some((flag) => flag === what) ? { [what]: true } : {}),
          ...(what === 'chosen' ? { chosen_sinks: [...SINKS] } : {}),
          ...(what === 'payload' ? { payload: 'steering' as const } : {}),
          ...(what === 'holder' ? { holder: 'other' as const } : {}),
        };
        expect(strictness({ ...asked, flow: worse })).toBeGreaterThanOrEqual(strictness({ ...asked, flow: limit }));
      },
    ),
    { numRuns: 100 },
  );
});

test('A1: a higher risk tier, a higher action tier or a lasting effect never opens', () => {
  fc.assert(
    fc.property(request, fc.constantFrom('risk', 'tier', 'lasting', 'incident', 'freeze'), (asked, what) => {
      const stricter = {
        risk: {
          ...asked,
          workflow: { ...asked.workflow, tier: RISK_TIERS[Math.min(RISK_TIERS.indexOf(asked.workflow.tier) + 1, 3)]! },
        },
        tier: { ...asked, tool: { ...asked.tool, tier: ACTION_TIERS[Math.min(asked.tool.tier, 3)]! } },
        lasting: { ...asked, tool: { ...asked.tool, reversible: false } },
        incident: { ...asked, environment: { ...asked.environment, incident: true } },
        freeze: { ...asked, environment: { ...asked.environment, freezes: [...asked.environment.freezes, 'all'] } },
      }[what];
      // Being told and having been asked are the same for a call that may go on.
      const waits = (at: number) => Math.max(at, STRICTNESS.notify);
      expect(waits(strictness(stricter))).toBeGreaterThanOrEqual(waits(strictness(asked)));
    }),
    { numRuns: 60 },
  );
});

test('F4: an approval fewer never opens', () => {
  fc.assert(
    fc.property(request, (asked) => {
      const fewer = {
        ...asked,
        approval: asked.approval && { ...asked.approval, approvers: asked.approval.approvers.slice(1) },
      };
      expect(strictness(fewer)).toBeGreaterThanOrEqual(strictness(asked));
    }),
    { numRuns: 50 },
  );
});

test('D10: an endpoint gets exactly what its clearance covers; de-identification helps where nothing but names is too much', () => {
  const secrecy = fc.record({
    confidentiality: fc.constantFrom(...CONFIDENTIALITY),
    categories: fc.subarray([...CATEGORIES]),
  });
  fc.assert(
    fc.property(secrecy, secrecy, fc.boolean(), (data, clearance, deidentified) => {
      const influence = { ...BOTTOM, ...data, categories: [...data.categories].sort(), origins: [] };
      const endpoint = { ...askRequest().endpoint, clearance };
      const { outcome, remedies } = engine.decide(askRequest({ influence, endpoint, deidentified }));
      const unnamed = data.categories.filter((category) => category !== 'personal' && category !== 'customer');
      const expected = covers(clearance, data)
        ? 'permit'
        : !deidentified && covers(clearance, { ...data, categories: unnamed })
          ? 'narrow'
          : 'refuse';
      expect(outcome).toBe(expected);
      if (outcome === 'narrow') expect(remedies).toEqual([{ kind: 'deidentify' }]);
    }),
    { numRuns: 400 },
  );
});

const condition = fc.constantFrom(
  'resource.tier > 1',
  'resource.effect == Effect::"write"',
  'context.influence.level >= 1',
  'context.untrusted_sinks.contains(Sink::"payload")',
  'context.workflow.tier == RiskTier::"low"',
  'context.injection > 500',
  'context.approval.count + 9223372036854775807 > 0',
  'principal in Role::"requester"',
);

test('C1: adding a forbid never opens, with or without a remedy, whether or not it fails', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...LAYERS),
      condition,
      fc.boolean(),
      fc.array(request, { minLength: 5, maxLength: 5 }),
      (layer, when, lifts, requests) => {
        const text = `@id("x.added") @code("added") @reason("Added.") ${lifts ? '@remedy("approval:$workflow:1")' : ''}
          forbid (principal, action == Action::"act", resource) when { ${when} } unless { context.approval.count > ${lifts ? 0 : 99} };`;
        const added = { ...baseline, [layer]: [...baseline[layer], { file: 'added.cedar', text }] };
        const stricter = engineOf(added);
        for (const asked of requests)
          expect(STRICTNESS[stricter.decide(asked).outcome]).toBeGreaterThanOrEqual(strictness(asked));
      },
    ),
    { numRuns: 8 },
  );
});

test('an approve outcome is kept: with enough approvers of the named groups the same request goes on', () => {
  fc.assert(
    fc.property(request, (asked) => {
      const decision = engine.decide(asked);
      if (decision.outcome !== 'approve') return;
      const [remedy] = decision.remedies;
      if (remedy?.kind !== 'approval') throw new Error('an approve outcome without an approval remedy');
      const approvers = Array.from({ length: remedy.quorum }, (_, index) => `prn_approver${index}`);
      const again = engine.decide({ ...asked, approval: { approvers, groups: remedy.groups } });
      expect(['permit', 'notify']).toContain(again.outcome);
    }),
    { numRuns: 50 },
  );
});

/** The baseline without one permit of it, by the text of the file. */
function withoutPermit(index: number): PolicyLayers | null {
  const permits = engine.rules.filter(({ effect }) => effect === 'permit');
  const { id, layer } = permits[index % permits.length]!;
  const [source] = baseline[layer];
  // Each rule of the baseline begins with its @id at the start of a line and ends with a semicolon at the end of one.
  const text = source!.text.replace(new RegExp(`^@id\\("${id.replaceAll('.', '\\.')}"\\)[^;]*;$`, 'm'), '');
  const layers = { ...baseline, [layer]: [{ ...source!, text }] };
  return text.includes('permit') ? layers : null;
}

test('C8: removing a permit never opens', () => {
  const permits = engine.rules.filter(({ effect }) => effect === 'permit').length;
  const some = fc.array(request, { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(fc.nat(permits - 1), some, (index, requests) => {
      const layers = withoutPermit(index);
      if (layers === null) return;
      const fewer = engineOf(layers);
      expect(fewer.rules).toHaveLength(engine.rules.length - 1);
      for (const asked of requests)
        expect(STRICTNESS[fewer.decide(asked).outcome]).toBeGreaterThanOrEqual(goesOn(strictness(asked)));
    }),
    { numRuns: 10 },
  );
});

/** Whether people are told is a permit's to say, so that without it the same call may go on untold. */
const goesOn = (at: number) => (at === STRICTNESS.notify ? STRICTNESS.permit : at);

test('B1, C8: a lower role never opens', () => {
  const anything = fc.oneof(
    request,
    fc.constantFrom(...OPERATION_IDS).map((operation) => apiRequest(operation)),
  );
  fc.assert(
    fc.property(anything, fc.subarray([...ROLES]), fc.subarray([...ROLES]), (asked, roles, taken) => {
      const as = (given: readonly Role[]) => {
        const principal = { ...asked.principal, roles: [...given] };
        return STRICTNESS[engine.decide({ ...asked, principal }).outcome];
      };
      expect(as(roles.filter((role) => !taken.includes(role)))).toBeGreaterThanOrEqual(as(roles));
    }),
    { numRuns: 200 },
  );
});
