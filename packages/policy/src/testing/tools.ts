import {
  type JsonObject,
  type ToolContract,
  toolContractSchema,
  type WorkflowContract,
  workflowContractSchema,
} from '@portreeve/contract';

/** A tool contract: a reversible tier-2 write with an empty argument schema, with what a test changes. */
export function toolContract(name: string, over: Partial<ToolContract> = {}): ToolContract {
  return {
    ...toolContractSchema.parse({
      name,
      version: '1.0.0',
      title: name,
      description: 'A tool of a test.',
      tier: 2,
      effect: 'write',
      args: argumentSchema({}),
      result: { type: 'object' },
      sinks: [],
      clearance: { confidentiality: 'internal', categories: [] },
      undo: { tool: 'undo_it', args: {}, window_minutes: 60 },
      timeout_ms: 1000,
      idempotency: 'none',
      audience: 'test',
      binding: { connector: 'http', method: 'POST', url: 'https://example.test/' },
    }),
    ...over,
  };
}

export function argumentSchema(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: 'object', properties, required, additionalProperties: false };
}

export function workflowContract(over: Partial<WorkflowContract> = {}): WorkflowContract {
  const owner = 'somebody';
  return {
    ...workflowContractSchema.parse({
      name: 'triage',
      version: '1.0.0',
      title: 'Triage',
      purpose: 'A workflow of a test.',
      tier: 'low',
      owners: { security: owner, platform: owner, business: owner, escalation: owner },
      scope: { sources: [], tools: ['file_note'], prompts: [] },
      approvers: ['leads'],
      input: { type: 'object' },
    }),
    ...over,
  };
}
