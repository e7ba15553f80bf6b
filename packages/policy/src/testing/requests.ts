import {
  BOTTOM,
  type EnvironmentFacts,
  type PolicyRequest,
  type Principal,
  principalSchema,
  type Role,
  type WorkflowFacts,
} from '@portreeve/contract';

export type RequestOf<Kind extends PolicyRequest['kind']> = Extract<PolicyRequest, { kind: Kind }>;

/** A person with these roles. */
export function person(roles: readonly Role[] = ['requester'], over: Partial<Principal> = {}): Principal {
  return { ...principalSchema.parse({ id: 'prn_ada', kind: 'person', name: 'ada', roles, groups: [] }), ...over };
}

/** A low-risk workflow that declares the tool `file_note` and the source `case_log`; `leads` approve for it. */
export function workflowFacts(over: Partial<WorkflowFacts> = {}): WorkflowFacts {
  return {
    name: 'triage',
    tier: 'low',
    tools: ['file_note'],
    sources: ['case_log'],
    approvers: ['leads'],
    ...over,
  };
}

export function environmentFacts(over: Partial<EnvironmentFacts> = {}): EnvironmentFacts {
  return { name: 'test', freezes: [], incident: false, maintenance: [], outages: [], ...over };
}

type ActOver = Partial<Omit<RequestOf<'act'>, 'tool' | 'workflow'>> & {
  tool?: Partial<RequestOf<'act'>['tool']>;
  workflow?: Partial<WorkflowFacts>;
};

/** A harmless, permitted use of a tool, with what a test changes. */
export function actRequest({ tool = {}, workflow = {}, ...over }: ActOver = {}): RequestOf<'act'> {
  return {
    kind: 'act',
    principal: person(),
    workflow: workflowFacts(workflow),
    tool: {
      name: 'file_note',
      version: '1.0.0',
      tier: 1,
      effect: 'write',
      reversible: true,
      clearance: { confidentiality: 'internal', categories: [] },
      ...tool,
    },
    args: {},
    influence: { ...BOTTOM, categories: [], origins: [] },
    provenance: [],
    injection: 0,
    untrusted_sinks: [],
    approval: null,
    environment: environmentFacts(),
    ...over,
  };
}

export function admitRequest(over: Partial<RequestOf<'admit'>> = {}): RequestOf<'admit'> {
  return {
    kind: 'admit',
    principal: person(),
    workflow: workflowFacts(),
    environment: environmentFacts(),
    ...over,
  };
}

export function readRequest(over: Partial<RequestOf<'read'>> = {}): RequestOf<'read'> {
  return {
    kind: 'read',
    principal: person(),
    workflow: workflowFacts(),
    source: { name: 'case_log', integrity: 'untrusted', confidentiality: 'internal', categories: [] },
    environment: environmentFacts(),
    ...over,
  };
}

export function askRequest(over: Partial<RequestOf<'ask'>> = {}): RequestOf<'ask'> {
  return {
    kind: 'ask',
    principal: person(),
    workflow: workflowFacts(),
    endpoint: {
      name: 'claude',
      where: 'public-cloud',
      clearance: { confidentiality: 'internal', categories: [] },
    },
    influence: { ...BOTTOM, categories: [], origins: [] },
    deidentified: false,
    injection: 0,
    environment: environmentFacts(),
    ...over,
  };
}

export function apiRequest(operation: string, roles: readonly Role[] = []): RequestOf<'api'> {
  return { kind: 'api', principal: person(roles), operation, environment: environmentFacts() };
}
