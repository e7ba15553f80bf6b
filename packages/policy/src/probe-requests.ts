import {
  BOTTOM,
  type Boundary,
  type EnvironmentFacts,
  type Json,
  type JsonObject,
  type PolicyRequest,
  principalSchema,
  type RiskTier,
  type Role,
  type ToolContract,
  type WorkflowContract,
} from '@portreeve/contract';

type ActRequest = Extract<PolicyRequest, { kind: 'act' }>;

/**
 * The plainest use of a tool: a person who acts for themselves, all values from trusted origins, no approval, no freeze.
 * What is asked of policy there is what the declarations alone decide.
 */
export function plainUse(
  tool: ToolContract,
  over: {
    role: Role;
    tier: RiskTier;
    environment: EnvironmentFacts['name'];
    workflow?: string;
    tools?: readonly string[];
    approvers?: readonly string[];
    history?: ActRequest['history'] | undefined;
  },
): ActRequest {
  return {
    kind: 'act',
    principal: principalSchema.parse({
      id: 'prn_probe',
      kind: 'person',
      name: 'probe',
      roles: [over.role],
      groups: [],
    }),
    workflow: {
      name: over.workflow ?? 'any',
      tier: over.tier,
      tools: [...(over.tools ?? [tool.name])],
      sources: [],
      approvers: [...(over.approvers ?? ['approvers'])],
    },
    tool: {
      name: tool.name,
      version: tool.version,
      tier: tool.tier,
      effect: tool.effect,
      reversible: tool.undo !== 'irreversible',
      clearance: tool.clearance,
    },
    args: sample(tool.args) as JsonObject,
    influence: { ...BOTTOM, categories: [], origins: [] },
    provenance: [],
    injection: 0,
    untrusted_sinks: [],
    approval: null,
    ...(over.history === undefined ? {} : { history: over.history }),
    environment: { name: over.environment, freezes: [], incident: false, maintenance: [], outages: [] },
  };
}

/** What stands against a read; the others stand against a question. */
export const READ_BOUNDARIES: readonly Boundary[] = ['logs', 'repository', 'production-logs'];

type Probed = Pick<WorkflowContract, 'name' | 'tier' | 'approvers' | 'scope'>;

const asker = (contract: Probed) => ({
  principal: principalSchema.parse({
    id: 'prn_probe',
    kind: 'person',
    name: 'probe',
    roles: ['requester'],
    groups: [],
  }),
  workflow: {
    ...{ name: contract.name, tier: contract.tier, approvers: [...contract.approvers] },
    ...{ tools: [...contract.scope.tools], sources: [...contract.scope.sources, 'probe'] },
  },
  environment: { name: 'production' as const, freezes: [], incident: false, maintenance: [], outages: [] },
});

/** The plainest read of a declared source, with one boundary against it. */
export function plainRead(contract: Probed, boundary: Boundary): PolicyRequest {
  const source = { name: 'probe', integrity: 'trusted', confidentiality: 'public', categories: [] } as const;
  return { kind: 'read', ...asker(contract), source: { ...source, categories: [] }, boundary };
}

/** The plainest question to an endpoint that is cleared for it, with one boundary against it. */
export function plainAsk(contract: Probed, boundary: Boundary): PolicyRequest {
  return {
    ...{ kind: 'ask', ...asker(contract), boundary, deidentified: false, injection: 0 },
    endpoint: { name: 'probe', where: 'inside', clearance: { confidentiality: 'restricted', categories: [] } },
    influence: { ...BOTTOM, categories: [], origins: [] },
  };
}

/** Some value of a JSON Schema's type, so that typed rules can be asked; not more than its required members. */
function sample(schema: Json | undefined, depth = 0): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || depth > 8) return '';
  const node = schema as JsonObject;
  if (Array.isArray(node.enum)) return (node.enum as Json[])[0] ?? '';
  if (node.const !== undefined) return node.const;
  const type = Array.isArray(node.type) ? (node.type as Json[])[0] : node.type;
  switch (type) {
    case 'integer':
    case 'number':
      return typeof node.minimum === 'number' ? node.minimum : 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'null':
      return null;
    case 'object': {
      const properties = (node.properties ?? {}) as JsonObject;
      const required = Array.isArray(node.required) ? (node.required as string[]) : [];
      return Object.fromEntries(required.map((name) => [name, sample(properties[name], depth + 1)]));
    }
  }
  return '';
}
