import { isAuthorized, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { ConflictResolutionStrategy, PolicyEngine } from '@microsoft/agent-governance-sdk';
import { fixedClock } from '@portreeve/contract';
import { createPolicyEngine } from '@portreeve/policy';
import { newEnforcer, newModelFromString } from 'casbin';
import { type ActRequest, type BenchRule, cedarLayers, cedarText, type Facts, type When } from './workload.ts';

/** One engine with its rules loaded: asks whether a request may go on. */
export interface Contender {
  readonly name: string;
  readonly note: string;
  readonly allows: (asked: { request: ActRequest; facts: Facts }) => boolean | Promise<boolean>;
}

/** Ours: the whole of `decide`, from the request as it comes in to the decision with reasons, digest and id. */
export function portreeve(rules: readonly BenchRule[]): Contender {
  const engine = createPolicyEngine({
    layers: cedarLayers(rules),
    clock: fixedClock('2026-11-20T10:00:00Z'),
    onDisagreement: (report) => {
      throw new Error(`compiled and official rules disagree: ${JSON.stringify(report)}`);
    },
  });
  const { path, why } = engine.path();
  if (path !== 'compiled') throw new Error(`not on the compiled path: ${why}`);
  return {
    name: 'portreeve',
    note: 'four layers, all of decide: parse, digest, judge, reasons; second opinion on 1 in 1000',
    allows: ({ request }) => engine.decide(request).outcome === 'permit',
  };
}

/** Cedar's entities for a request, as small as they can be. */
function cedarCall({ facts }: { facts: Facts }) {
  const uid = (type: string, id: string) => ({ type, id });
  const entity = (type: string, id: string) => ({ __entity: uid(type, id) });
  return {
    principal: uid('Principal', 'prn_ada'),
    action: uid('Action', 'act'),
    resource: uid('Tool', facts.tool),
    context: {
      workflow: entity('Workflow', facts.flow),
      influence: { level: facts.level },
      approval: { count: facts.approvals },
      untrusted_sinks: facts.untrusted_amount ? [entity('Sink', 'amount')] : [],
    },
    entities: [
      { uid: uid('Principal', 'prn_ada'), attrs: {}, parents: [uid('Group', 'staff'), uid('Group', facts.team)] },
      { uid: uid('Tool', facts.tool), attrs: { tier: facts.tier }, parents: [] },
      {
        uid: uid('Workflow', facts.flow),
        attrs: { tools: facts.declared ? [entity('Tool', facts.tool)] : [] },
        parents: [],
      },
    ],
  };
}

const staticPolicies = (rules: readonly BenchRule[]) =>
  Object.fromEntries(rules.map((rule) => [rule.id, cedarText(rule)]));

export function cedarPreparsed(rules: readonly BenchRule[]): Contender {
  const parsed = preparsePolicySet('bench/all', { staticPolicies: staticPolicies(rules) });
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
  return {
    name: 'cedar-wasm pre-parsed',
    note: 'one set of all rules, no schema, no request validation',
    allows: (asked) => {
      const answer = statefulIsAuthorized({ ...cedarCall(asked), preparsedPolicySetId: 'bench/all' });
      return answer.type === 'success' && answer.response.decision === 'allow';
    },
  };
}

export function cedarPlain(rules: readonly BenchRule[]): Contender {
  const policies = { staticPolicies: staticPolicies(rules) };
  return {
    name: 'cedar-wasm isAuthorized',
    note: 'one set of all rules as text, parsed at each call',
    allows: (asked) => {
      const answer = isAuthorized({ ...cedarCall(asked), policies });
      return answer.type === 'success' && answer.response.decision === 'allow';
    },
  };
}

const CASBIN_MODEL = `
[request_definition]
r = sub, tool, flow
[policy_definition]
p = team, tool, flow, cond, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.team == "*" || p.team == r.sub.team) && (p.tool == "*" || p.tool == r.tool) && (p.flow == "*" || p.flow == r.flow) && (p.cond == "always" || p.cond == "declared" && r.sub.declared || p.cond == "tier-unapproved" && r.sub.tier >= 3 && r.sub.approvals < 1 || p.cond == "very-secret" && r.sub.level > 2 || p.cond == "untrusted-amount" && r.sub.untrusted_amount)
`;

export async function casbin(rules: readonly BenchRule[]): Promise<Contender> {
  const enforcer = await newEnforcer(newModelFromString(CASBIN_MODEL));
  await enforcer.addPolicies(
    // Casbin keeps no two equal rules; the layer makes none of ours unequal.
    distinct(rules).map(({ team, tool, flow, when, effect }) => [
      team ?? '*',
      tool ?? '*',
      flow ?? '*',
      when,
      effect === 'permit' ? 'allow' : 'deny',
    ]),
  );
  return {
    name: 'casbin',
    note: 'attributes in one matcher, one list; rules that are equal but for the layer stand once',
    allows: ({ facts }) => enforcer.enforce(facts, facts.tool, facts.flow),
  };
}

const subjectOf = ({ team, tool, flow, when, effect }: BenchRule) => [team, tool, flow, when, effect].join();
const distinct = (rules: readonly BenchRule[]) => [...new Map(rules.map((rule) => [subjectOf(rule), rule])).values()];

const AGT_WHEN: Readonly<Record<When, string>> = {
  always: 'tier >= 1',
  'tier-unapproved': 'tier >= 3 and approvals < 1',
  'very-secret': 'level > 2',
  'untrusted-amount': 'untrusted_amount',
  declared: 'declared',
};

export function agentGovernance(rules: readonly BenchRule[]): Contender {
  const engine = new PolicyEngine([], ConflictResolutionStrategy.DenyOverrides);
  engine.loadPolicy({
    name: 'bench',
    scope: 'global',
    default_action: 'deny',
    rules: rules.map(({ id, effect, team, tool, flow, when }) => ({
      name: id,
      ruleAction: effect === 'permit' ? ('allow' as const) : ('deny' as const),
      condition: [
        ...(team === null ? [] : [`team == '${team}'`]),
        ...(tool === null ? [] : [`tool == '${tool}'`]),
        ...(flow === null ? [] : [`flow == '${flow}'`]),
        AGT_WHEN[when],
      ].join(' and '),
    })),
  });
  return {
    name: 'agent-governance-sdk',
    note: 'PolicyEngine.evaluatePolicy, deny overrides, one document; no layers, no hierarchy (one team a person)',
    allows: ({ facts }) => engine.evaluatePolicy('did:bench:ada', { ...facts }).allowed,
  };
}

type Predicate = (facts: Facts) => boolean;
const PREDICATES: Readonly<Record<When, Predicate>> = {
  always: () => true,
  'tier-unapproved': ({ tier, approvals }) => tier >= 3 && approvals < 1,
  'very-secret': ({ level }) => level > 2,
  'untrusted-amount': (facts) => facts.untrusted_amount,
  declared: (facts) => facts.declared,
};

export function handWritten(rules: readonly BenchRule[]): Contender {
  const keyed = new Map<string, { forbids: boolean; holds: Predicate }[]>();
  for (const { tool, team, flow, when, effect } of rules) {
    const key = tool ?? team ?? flow ?? '*';
    keyed.set(key, [...(keyed.get(key) ?? []), { forbids: effect === 'forbid', holds: PREDICATES[when] }]);
  }
  return {
    name: 'hand-written predicates',
    note: 'JavaScript functions in maps by tool, team and workflow; yes or no only',
    allows: ({ facts }) => {
      let permitted = false;
      for (const key of [facts.tool, facts.team, facts.flow, '*'])
        for (const { forbids, holds } of keyed.get(key) ?? []) {
          if (!holds(facts)) continue;
          if (forbids) return false;
          permitted = true;
        }
      return permitted;
    },
  };
}
