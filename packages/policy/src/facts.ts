import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import {
  type Clearance,
  CONFIDENTIALITY,
  type EnvironmentFacts,
  type Label,
  type PolicyRequest,
  type Principal,
  requestersOf,
  type WorkflowFacts,
} from '@portreeve/contract';
import type { ToolShapes } from './arguments.ts';

/** One request in Cedar's terms. */
export interface CedarRequest {
  readonly principal: TypeAndId;
  readonly action: TypeAndId;
  readonly resource: TypeAndId;
  readonly context: Record<string, CedarValueJson>;
  readonly entities: EntityJson[];
}

const NO_SHAPES: ToolShapes = new Map();

const uid = (type: string, id: string): TypeAndId => ({ type, id });
const ref = (type: string, id: string): CedarValueJson => ({ __entity: uid(type, id) });
const refs = (type: string, ids: readonly string[]): CedarValueJson => [...new Set(ids)].map((id) => ref(type, id));

/**
 * The Cedar request for a policy request. Arguments are told only for a tool with a shape: raw ones are any JSON, and
 * Cedar has neither floats nor null. Throws `TypeError` for arguments that do not fit their tool's shape.
 */
export function cedarRequest(request: PolicyRequest, shapes: ToolShapes = NO_SHAPES): CedarRequest {
  const principal = principalEntity(request.principal);
  const environment = environmentFacts(request.environment);
  const server = uid('Server', 'portreeve');
  if (request.kind === 'api') {
    return {
      principal: principal.uid as TypeAndId,
      action: uid('Action', request.operation),
      resource: server,
      context: { environment },
      entities: [principal, { uid: server, attrs: {}, parents: [] }],
    };
  }
  const workflow = workflowEntity(request.workflow);
  const { resource, context } = workFacts(request, workflow);
  const shape = request.kind === 'act' ? shapes.get(request.tool.name) : undefined;
  const args = shape !== undefined && request.kind === 'act' ? shape.facts(request) : {};
  return {
    principal: principal.uid as TypeAndId,
    action: uid('Action', shape?.action ?? request.kind),
    resource: resource.uid as TypeAndId,
    context: { workflow: ref('Workflow', request.workflow.name), environment, ...context, ...args },
    entities: resource === workflow ? [principal, workflow] : [principal, workflow, resource],
  };
}

type WorkRequest = Exclude<PolicyRequest, { kind: 'api' }>;

function workFacts(
  request: WorkRequest,
  workflow: EntityJson,
): { resource: EntityJson; context: Record<string, CedarValueJson> } {
  switch (request.kind) {
    case 'admit':
      return { resource: workflow, context: {} };
    case 'read': {
      const { name, integrity, ...secrecy } = request.source;
      const attrs = { integrity: ref('Integrity', integrity), ...secrecyFacts(secrecy) };
      return { resource: { uid: uid('Source', name), attrs, parents: [] }, context: boundaryFacts(request) };
    }
    case 'ask': {
      const { where, clearance } = request.endpoint;
      const attrs = { place: ref('Place', where), clearance: secrecyFacts(clearance) };
      const resource = { uid: uid('Endpoint', request.endpoint.name), attrs, parents: [] };
      return {
        resource,
        context: {
          influence: labelFacts(request.influence),
          deidentified: request.deidentified,
          ...boundaryFacts(request),
          injection: request.injection,
        },
      };
    }
    case 'act': {
      const { tool } = request;
      const attrs = {
        version: tool.version,
        tier: tool.tier,
        effect: ref('Effect', tool.effect),
        reversible: tool.reversible,
        clearance: secrecyFacts(tool.clearance),
      };
      return {
        resource: { uid: uid('Tool', tool.name), attrs, parents: [] },
        context: {
          influence: labelFacts(request.influence),
          injection: request.injection,
          untrusted_sinks: refs('Sink', request.untrusted_sinks),
          flow: flowFacts(request),
          approval: approvalFacts(request),
        },
      };
    }
  }
}

function boundaryFacts({ boundary = 'none' }: Extract<PolicyRequest, { kind: 'read' | 'ask' }>) {
  return { boundary: ref('Boundary', boundary) };
}

function principalEntity(principal: Principal): EntityJson {
  return {
    uid: uid('Principal', principal.id),
    attrs: {
      kind: ref('PrincipalKind', principal.kind),
      actors: refs(
        'Principal',
        principal.act.map((actor) => actor.id),
      ),
    },
    parents: [
      ...[...new Set(principal.roles)].map((role) => uid('Role', role)),
      ...[...new Set(principal.groups)].map((group) => uid('Group', group)),
    ],
  };
}

function workflowEntity(workflow: WorkflowFacts): EntityJson {
  return {
    uid: uid('Workflow', workflow.name),
    attrs: {
      tier: ref('RiskTier', workflow.tier),
      tools: refs('Tool', workflow.tools),
      sources: refs('Source', workflow.sources),
      approvers: [...new Set(workflow.approvers)],
    },
    parents: [],
  };
}

function secrecyFacts(secrecy: Clearance): Record<string, CedarValueJson> {
  return {
    confidentiality: ref('Confidentiality', secrecy.confidentiality),
    level: CONFIDENTIALITY.indexOf(secrecy.confidentiality),
    categories: refs('Category', secrecy.categories),
  };
}

function labelFacts(label: Label): Record<string, CedarValueJson> {
  return {
    integrity: ref('Integrity', label.integrity),
    ...secrecyFacts({ confidentiality: label.confidentiality, categories: [...label.categories] }),
  };
}

/** Without facts of its own an action is what a workflow's code does: foreseen, and tainted by what went into it. */
function flowFacts(request: Extract<PolicyRequest, { kind: 'act' }>): CedarValueJson {
  const flow = request.flow ?? {
    author: 'code',
    foreseen: true,
    tainted: request.influence.integrity === 'untrusted',
    destructive: false,
    egress: false,
    amount: false,
    chosen_sinks: [],
    holder: 'other',
    payload: 'steering',
    capacity_bits: 0,
    unreviewed: false,
  };
  return {
    author: ref('FlowAuthor', flow.author),
    foreseen: flow.foreseen,
    tainted: flow.tainted,
    destructive: flow.destructive,
    egress: flow.egress,
    amount: flow.amount,
    chosen_sinks: refs('Sink', flow.chosen_sinks),
    holder: ref('FlowHolder', flow.holder),
    payload: ref('FlowPayload', flow.payload),
    capacity_bits: flow.capacity_bits,
    unreviewed: flow.unreviewed,
  };
}

/** INVARIANT: who asked, acted or wrote what it was made from never counts as an approver, whatever the caller says. */
function approvalFacts(request: Extract<PolicyRequest, { kind: 'act' }>): CedarValueJson {
  const requesters = new Set<string>(requestersOf(request));
  const approvers = new Set(request.approval?.approvers.filter((approver) => !requesters.has(approver)));
  const signed = (people: readonly string[] = []) => new Set(people.filter((person) => approvers.has(person))).size;
  return {
    count: approvers.size,
    people: refs('Principal', [...approvers]),
    groups: [...new Set(request.approval?.groups)],
    passkeys: signed(request.approval?.by_passkey),
    device_bound: signed(request.approval?.by_device),
    confirmed: request.approval?.confirmed === true,
  };
}

function environmentFacts(environment: EnvironmentFacts): CedarValueJson {
  const frozen = namesIn(environment.freezes);
  const maintained = namesIn(environment.maintenance);
  return {
    name: ref('Environment', environment.name),
    incident: environment.incident,
    maintenance: {
      all: maintained.all || maintained.principal.length > 0,
      tools: refs('Tool', maintained.tool),
      workflows: refs('Workflow', maintained.workflow),
    },
    outages: refs('Endpoint', environment.outages),
    frozen: {
      all: frozen.all,
      tools: refs('Tool', frozen.tool),
      workflows: refs('Workflow', frozen.workflow),
      principals: refs('Principal', frozen.principal),
    },
  };
}

/** What targets name, by kind. One whose form is not known names everything: better one call too few. */
function namesIn(targets: readonly string[]) {
  const names = { all: false, tool: [] as string[], workflow: [] as string[], principal: [] as string[] };
  for (const target of targets) {
    const colon = target.indexOf(':');
    const kind = target.slice(0, Math.max(colon, 0));
    const name = target.slice(colon + 1);
    if ((kind === 'tool' || kind === 'workflow' || kind === 'principal') && name !== '') names[kind].push(name);
    else names.all = true;
  }
  return names;
}
