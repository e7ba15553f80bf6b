import {
  ACTION_TIERS,
  CATEGORIES,
  CONFIDENTIALITY,
  EFFECTS,
  ENDPOINT_PLACES,
  FLOW_HOLDERS,
  FLOW_PAYLOADS,
  INTEGRITY,
  type JsonObject,
  type PolicyRequest,
  PRINCIPAL_KINDS,
  RISK_TIERS,
  ROLES,
} from '@portreeve/contract';
import type { Rule } from './rules.ts';

/** The same request with one attribute changed. */
export interface Variant {
  readonly attribute: string;
  readonly to: string;
  readonly request: PolicyRequest;
}

/** What rules speak of: attribute names, entity types, and their literals. */
interface Mentions {
  readonly attrs: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  readonly entities: ReadonlySet<string>;
  readonly texts: ReadonlySet<string>;
  readonly numbers: ReadonlySet<number>;
}

/** A few other values of each attribute that these rules mention, one at a time. */
export function variantsOf(request: PolicyRequest, rules: readonly Rule[]): Variant[] {
  const mentions = mentionsOf(rules);
  const variants = [...ofPrincipal(request, mentions), ...ofEnvironment(request, mentions)];
  if (request.kind !== 'api') variants.push(...ofWorkflow(request, mentions));
  if (request.kind === 'act') variants.push(...ofAct(request, mentions));
  if (request.kind === 'act' || request.kind === 'ask') variants.push(...ofInfluence(request, mentions));
  if (request.kind === 'ask') variants.push(...ofAsk(request, mentions));
  if ((request.kind === 'read' || request.kind === 'ask') && mentions.attrs.has('boundary'))
    variants.push(
      ...each('context.boundary', request.boundary ?? 'none', ['none'] as const, (boundary) => ({
        ...request,
        boundary,
      })),
    );
  return variants;
}

function mentionsOf(rules: readonly Rule[]): Mentions {
  const found = {
    attrs: new Set<string>(),
    types: new Set<string>(),
    entities: new Set<string>(),
    texts: new Set<string>(),
    numbers: new Set<number>(),
  };
  const walk = (node: unknown): void => {
    if (typeof node === 'number') found.numbers.add(node);
    if (typeof node !== 'object' || node === null) return;
    const { attr, type, id, Value, decimal } = node as Record<string, unknown>;
    if (typeof attr === 'string') found.attrs.add(attr);
    if (typeof type === 'string' && typeof id === 'string') {
      found.types.add(type);
      found.entities.add(`${type}\u0000${id}`);
    }
    if (typeof Value === 'string') found.texts.add(Value);
    const literal = Array.isArray(decimal) ? (decimal[0] as { Value?: unknown } | undefined)?.Value : undefined;
    if (typeof literal === 'string') found.numbers.add(Number(literal));
    for (const inner of Object.values(node)) walk(inner);
  };
  for (const { json } of rules) walk([json.principal, json.resource, json.conditions]);
  return found;
}

const idsOf = (type: string, { entities }: Mentions) =>
  [...entities].filter((key) => key.startsWith(`${type}\u0000`)).map((key) => key.slice(type.length + 1));

/** Variants of one attribute, for every value but the one that it has. */
function each<T>(attribute: string, now: T, others: readonly T[], make: (value: T) => PolicyRequest): Variant[] {
  const current = JSON.stringify(now);
  return others
    .map((value) => ({ value, to: JSON.stringify(value) }))
    .filter(({ to }) => to !== current)
    .map(({ value, to }) => ({ attribute, to, request: make(value) }));
}

function ofPrincipal(request: PolicyRequest, mentions: Mentions): Variant[] {
  const { principal } = request;
  const withPrincipal = (over: Partial<PolicyRequest['principal']>): PolicyRequest => ({
    ...request,
    principal: { ...principal, ...over },
  });
  const variants: Variant[] = [];
  // Roles are named in scopes and conditions; a denial by default may lack any of them.
  if (mentions.types.has('Role'))
    variants.push(
      ...each(
        'principal in Role',
        principal.roles,
        ROLES.map((role) => [role]),
        (roles) => withPrincipal({ roles }),
      ),
    );
  for (const group of idsOf('Group', mentions)) {
    const isIn = principal.groups.includes(group);
    const groups = isIn ? principal.groups.filter((name) => name !== group) : [...principal.groups, group];
    variants.push(
      ...each('principal in Group', principal.groups, [groups], (value) => withPrincipal({ groups: value })),
    );
  }
  if (mentions.attrs.has('kind'))
    variants.push(...each('principal.kind', principal.kind, PRINCIPAL_KINDS, (kind) => withPrincipal({ kind })));
  if (mentions.attrs.has('actors'))
    variants.push(...each('principal.actors', principal.act, [[]], (act) => withPrincipal({ act })));
  return variants;
}

function ofEnvironment(request: PolicyRequest, { attrs }: Mentions): Variant[] {
  const { environment } = request;
  const withFacts = (over: Partial<PolicyRequest['environment']>): PolicyRequest => ({
    ...request,
    environment: { ...environment, ...over },
  });
  return [
    ...(attrs.has('incident')
      ? each('context.environment.incident', environment.incident, [true, false], (incident) => withFacts({ incident }))
      : []),
    ...(attrs.has('frozen')
      ? each('context.environment.frozen', environment.freezes, [[], ['all']], (freezes) => withFacts({ freezes }))
      : []),
    ...(attrs.has('environment') && attrs.has('name')
      ? each(
          'context.environment.name',
          environment.name,
          ['development', 'test', 'staging', 'production'] as const,
          (name) => withFacts({ name }),
        )
      : []),
  ];
}

type WorkRequest = Exclude<PolicyRequest, { kind: 'api' }>;

function ofWorkflow(request: WorkRequest, mentions: Mentions): Variant[] {
  const { workflow } = request;
  const withFacts = (over: Partial<WorkRequest['workflow']>): PolicyRequest => ({
    ...request,
    workflow: { ...workflow, ...over },
  });
  const variants: Variant[] = [];
  if (mentions.types.has('RiskTier'))
    variants.push(...each('context.workflow.tier', workflow.tier, RISK_TIERS, (tier) => withFacts({ tier })));
  if (mentions.attrs.has('tools') && request.kind === 'act' && !workflow.tools.includes(request.tool.name))
    variants.push(
      ...each('context.workflow.tools', workflow.tools, [[...workflow.tools, request.tool.name]], (tools) =>
        withFacts({ tools }),
      ),
    );
  if (mentions.attrs.has('sources') && request.kind === 'read' && !workflow.sources.includes(request.source.name))
    variants.push(
      ...each('context.workflow.sources', workflow.sources, [[...workflow.sources, request.source.name]], (sources) =>
        withFacts({ sources }),
      ),
    );
  for (const name of idsOf('Workflow', mentions))
    if (/^[a-z][a-z0-9_-]{0,63}$/.test(name))
      variants.push(...each('context.workflow', workflow.name, [name], (value) => withFacts({ name: value })));
  return variants;
}

type ActRequest = Extract<PolicyRequest, { kind: 'act' }>;

function ofAct(request: ActRequest, mentions: Mentions): Variant[] {
  const { tool, approval } = request;
  const { attrs } = mentions;
  const withTool = (over: Partial<ActRequest['tool']>): PolicyRequest => ({ ...request, tool: { ...tool, ...over } });
  const variants: Variant[] = [];
  if (attrs.has('tier')) variants.push(...each('resource.tier', tool.tier, ACTION_TIERS, (tier) => withTool({ tier })));
  if (attrs.has('effect'))
    variants.push(...each('resource.effect', tool.effect, EFFECTS, (effect) => withTool({ effect })));
  if (attrs.has('reversible'))
    variants.push(
      ...each('resource.reversible', tool.reversible, [true, false], (reversible) => withTool({ reversible })),
    );
  if (attrs.has('clearance'))
    variants.push(
      ...each(
        'resource.clearance',
        tool.clearance,
        CONFIDENTIALITY.map((confidentiality) => ({ confidentiality, categories: [...CATEGORIES] })),
        (clearance) => withTool({ clearance }),
      ),
    );
  if (attrs.has('untrusted_sinks'))
    variants.push(
      ...each('context.untrusted_sinks', request.untrusted_sinks, [[]], (untrusted_sinks) => ({
        ...request,
        untrusted_sinks,
      })),
    );
  const { flow } = request;
  if (attrs.has('flow') && flow) {
    const withFlow = (over: Partial<typeof flow>): PolicyRequest => ({ ...request, flow: { ...flow, ...over } });
    for (const name of ['foreseen', 'tainted', 'destructive', 'egress', 'amount', 'unreviewed'] as const) {
      if (attrs.has(name))
        variants.push(
          ...each(`context.flow.${name}`, flow[name], [true, false], (value) => withFlow({ [name]: value })),
        );
    }
    if (attrs.has('payload'))
      variants.push(...each('context.flow.payload', flow.payload, FLOW_PAYLOADS, (payload) => withFlow({ payload })));
    if (attrs.has('holder'))
      variants.push(...each('context.flow.holder', flow.holder, FLOW_HOLDERS, (holder) => withFlow({ holder })));
    if (attrs.has('chosen_sinks'))
      variants.push(
        ...each('context.flow.chosen_sinks', flow.chosen_sinks, [[]], (chosen_sinks) => withFlow({ chosen_sinks })),
      );
  }
  if (attrs.has('approval')) {
    const groups = [...new Set([...mentions.texts, ...request.workflow.approvers])].filter((name) => name !== '');
    const people = [1, 2, 3].map((count) => Array.from({ length: count }, (_, index) => `prn_approver${index}`));
    const signed = attrs.has('passkeys') || attrs.has('device_bound');
    const confirmed = attrs.has('confirmed');
    const given = people.flatMap((approvers) => [
      ...(confirmed ? [{ approvers, groups, confirmed }] : []),
      { approvers, groups },
      ...(signed ? [{ approvers, groups, by_passkey: approvers }] : []),
      ...(signed ? [{ approvers, groups, by_passkey: approvers, by_device: approvers }] : []),
    ]);
    variants.push(
      ...each(
        'context.approval',
        approval,
        [null, ...(confirmed ? [{ approvers: [], groups: [], confirmed }] : []), ...given],
        (value) => ({ ...request, approval: value }),
      ),
    );
  }
  if (attrs.has('args')) variants.push(...ofArguments(request, mentions));
  return variants;
}

/** Arguments that rules mention, by the literals that stand in them and the values beside those. */
function ofArguments(request: ActRequest, { attrs, texts, numbers }: Mentions): Variant[] {
  const args = request.args as JsonObject;
  return Object.entries(args).flatMap(([name, now]) => {
    if (!attrs.has(name)) return [];
    const others: readonly (string | number | boolean)[] =
      typeof now === 'number'
        ? [...numbers].flatMap((number) => [number - 1, number, number + 1])
        : typeof now === 'boolean'
          ? [true, false]
          : typeof now === 'string'
            ? [...texts]
            : [];
    return each<unknown>(`context.args.${name}`, now, others.slice(0, 24), (value) => ({
      ...request,
      args: { ...args, [name]: value as string },
    }));
  });
}

function ofAsk(request: Extract<PolicyRequest, { kind: 'ask' }>, { attrs }: Mentions): Variant[] {
  const { endpoint, deidentified } = request;
  return [
    ...(attrs.has('deidentified')
      ? each('context.deidentified', deidentified, [true, false], (value) => ({ ...request, deidentified: value }))
      : []),
    ...(attrs.has('place')
      ? each('resource.place', endpoint.where, ENDPOINT_PLACES, (where) => ({
          ...request,
          endpoint: { ...endpoint, where },
        }))
      : []),
    ...(attrs.has('clearance')
      ? each(
          'resource.clearance',
          endpoint.clearance,
          CONFIDENTIALITY.map((confidentiality) => ({ confidentiality, categories: [...CATEGORIES] })),
          (clearance) => ({ ...request, endpoint: { ...endpoint, clearance } }),
        )
      : []),
  ];
}

/** Around each number that a rule may compare the score with. */
function scoresIn({ numbers }: Mentions): number[] {
  const near = [...numbers].flatMap((number) => [number - 1, number, number + 1]);
  return [0, ...near].filter((score) => Number.isInteger(score) && score >= 0 && score <= 1000).slice(0, 24);
}

function ofInfluence(request: Extract<PolicyRequest, { kind: 'act' | 'ask' }>, mentions: Mentions): Variant[] {
  const { attrs, types } = mentions;
  const scored = attrs.has('injection')
    ? each('context.injection', request.injection, scoresIn(mentions), (injection) => ({ ...request, injection }))
    : [];
  if (!attrs.has('influence')) return scored;
  const { influence } = request;
  const withLabel = (over: Partial<typeof influence>): PolicyRequest =>
    ({ ...request, influence: { ...influence, ...over } }) as PolicyRequest;
  return [
    ...scored,
    ...(types.has('Integrity')
      ? each('context.influence.integrity', influence.integrity, INTEGRITY, (integrity) => withLabel({ integrity }))
      : []),
    ...(attrs.has('level') || types.has('Confidentiality')
      ? each('context.influence.confidentiality', influence.confidentiality, CONFIDENTIALITY, (confidentiality) =>
          withLabel({ confidentiality }),
        )
      : []),
    ...(attrs.has('categories')
      ? each('context.influence.categories', influence.categories, [[], [...CATEGORIES].sort()], (categories) =>
          withLabel({ categories }),
        )
      : []),
  ];
}
