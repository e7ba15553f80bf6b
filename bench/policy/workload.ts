import { BOTTOM, LAYERS, type Layer, type PolicyRequest, principalSchema } from '@portreeve/contract';
import type { PolicyLayers } from '@portreeve/policy';

export type ActRequest = Extract<PolicyRequest, { kind: 'act' }>;

/** A rule in a form that every engine of the bench can express. `null`: any. */
export interface BenchRule {
  readonly id: string;
  readonly layer: Layer;
  readonly effect: 'permit' | 'forbid';
  readonly tool: string | null;
  readonly team: string | null;
  readonly flow: string | null;
  readonly when: When;
}

/** What must hold besides. */
export type When = 'always' | 'tier-unapproved' | 'very-secret' | 'untrusted-amount' | 'declared';

const pad = (number: number) => String(number).padStart(4, '0');

/**
 * `count` rules over four layers, as a company writes them: one general permit for each layer, then rules about one tool,
 * one team or one workflow each. More rules mean more tools, teams and workflows, not more rules about one.
 */
export function rulesOf(count: number): BenchRule[] {
  return Array.from({ length: count }, (_, index): BenchRule => {
    const layer = LAYERS[index % LAYERS.length]!;
    const number = Math.floor(index / LAYERS.length);
    const rule = { id: `${layer}.r${pad(number)}`, layer, tool: null, team: null, flow: null };
    if (number === 0) return { ...rule, effect: 'permit', when: 'always' };
    const subject = Math.floor((number - 1) / 4);
    switch ((number - 1) % 4) {
      case 0:
        return { ...rule, effect: 'forbid', tool: `tool-${pad(subject)}`, when: 'tier-unapproved' };
      case 1:
        return { ...rule, effect: 'forbid', team: `team-${pad(subject)}`, when: 'very-secret' };
      case 2:
        return { ...rule, effect: 'forbid', flow: `flow-${pad(subject)}`, when: 'untrusted-amount' };
      default:
        return { ...rule, effect: 'permit', tool: `tool-${pad(subject)}`, when: 'declared' };
    }
  });
}

const CEDAR_WHEN: Readonly<Record<When, string>> = {
  always: '',
  'tier-unapproved': 'resource.tier >= 3 && context.approval.count < 1',
  'very-secret': 'context.influence.level > 2',
  'untrusted-amount': 'context.untrusted_sinks.contains(Sink::"amount")',
  declared: 'context.workflow.tools.contains(resource)',
};

export function cedarText({ id, effect, tool, team, flow, when }: BenchRule): string {
  const principal = team === null ? 'principal' : `principal in Group::"${team}"`;
  const resource = tool === null ? 'resource' : `resource == Tool::"${tool}"`;
  const conditions = [flow === null ? '' : `context.workflow == Workflow::"${flow}"`, CEDAR_WHEN[when]].filter(Boolean);
  const tail = conditions.length === 0 ? '' : ` when { ${conditions.join(' && ')} }`;
  return `@id("${id}") @code("bench") @reason("A rule of the bench.")\n${effect} (${principal}, action == Action::"act", ${resource})${tail};\n`;
}

export function cedarLayers(rules: readonly BenchRule[]): PolicyLayers {
  const layer = (name: Layer) => [
    {
      file: `${name}.cedar`,
      text: rules
        .filter((rule) => rule.layer === name)
        .map(cedarText)
        .join(''),
    },
  ];
  return {
    identity: layer('identity'),
    data: layer('data'),
    action: layer('action'),
    environment: layer('environment'),
  };
}

/** What the other engines are asked: the facts of a request that the rules look at. */
export interface Facts {
  readonly tool: string;
  readonly team: string;
  readonly flow: string;
  readonly tier: number;
  readonly level: number;
  readonly approvals: number;
  readonly untrusted_amount: boolean;
  readonly declared: boolean;
}

/** Requests of the size that the gate sends; they differ in tool, team, workflow and what the rules look at. */
export function requestsOf(rules: number, count = 256): { request: ActRequest; facts: Facts }[] {
  const subjects = Math.max(1, Math.floor(rules / 16));
  return Array.from({ length: count }, (_, index) => {
    const subject = pad((index * 7) % subjects);
    const secret = index % 11 === 0;
    const facts: Facts = {
      tool: `tool-${subject}`,
      team: `team-${subject}`,
      flow: `flow-${subject}`,
      tier: index % 5 === 0 ? 3 : 1,
      level: secret ? 3 : 1,
      approvals: 0,
      untrusted_amount: index % 13 === 0,
      declared: true,
    };
    return { facts, request: requestOf(facts, index) };
  });
}

export function requestOf(facts: Facts, index: number): ActRequest {
  return {
    kind: 'act',
    principal: principalSchema.parse({
      id: 'prn_ada',
      kind: 'person',
      name: 'ada',
      roles: ['requester'],
      groups: ['staff', facts.team],
      act: [{ id: `agent:${facts.flow}`, kind: 'agent' }],
    }),
    workflow: {
      name: facts.flow,
      tier: 'medium',
      tools: facts.declared ? [facts.tool, 'lookup-case'] : ['lookup-case'],
      sources: ['case-log'],
      approvers: ['leads'],
    },
    tool: {
      name: facts.tool,
      version: '1.0.0',
      tier: facts.tier as 1,
      effect: 'write',
      reversible: true,
      clearance: { confidentiality: 'restricted', categories: [] },
    },
    args: { case_id: `case-${index}`, amount: index, note: 'The customer asked twice; the second charge is ours.' },
    influence: {
      ...BOTTOM,
      confidentiality: facts.level === 3 ? 'restricted' : 'internal',
      categories: ['customer'],
      origins: ['request', 'case-log'],
    },
    provenance: [],
    injection: 0,
    untrusted_sinks: facts.untrusted_amount ? ['amount'] : [],
    approval: facts.approvals === 0 ? null : { approvers: ['prn_bob'], groups: ['leads'] },
    environment: { name: 'production', freezes: [], incident: false, maintenance: [], outages: [] },
  };
}
