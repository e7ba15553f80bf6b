import type { JsonObject, OnOutage, WorkflowContract, WorkflowDefinition } from '@portreeve/contract';

const input: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['case_id'],
  properties: { case_id: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' } },
};
const query = input;

/** A workflow of the drill: it asks one question, over a document of the house or (`internal: false`) over none. */
export function declareDrill(spec: {
  name: string;
  title: string;
  tier: WorkflowContract['tier'];
  on_outage: OnOutage;
  internal: boolean;
}): WorkflowDefinition {
  const { name, title, tier, on_outage, internal } = spec;
  return {
    contract: {
      ...{ name, version: '1.0', title, purpose: `${title}, as a drill.`, tier, on_outage, input },
      owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
      scope: { sources: internal ? ['cases'] : [], tools: [], prompts: ['classify'] },
      approvers: ['leads'],
      approval_timeout_minutes: 60,
      history: {},
      steps: {},
      procedures: {},
      clearances: {},
    },
    tools: [],
    sources: internal
      ? [
          {
            ...{ name: 'cases', version: '1.0', title: 'Cases', query },
            ...{ integrity: 'untrusted', confidentiality: 'internal', categories: [] },
            fields: [{ name: 'text', max_chars: 400 }],
            limits: { max_items: 10, max_bytes: 65_536, timeout_ms: 5000 },
            binding: { kind: 'file', folder: 'cases', pattern: 'case.jsonl' },
          },
        ]
      : [],
    async run({ input, read, ask }) {
      const { case_id } = input as { case_id: string };
      const text = internal ? (await read('cases', { case_id })).evidence : 'What are your opening hours?';
      const answer = await ask('classify', { text });
      return { degraded: answer.label.origins.includes('degraded:classify') };
    },
  };
}
