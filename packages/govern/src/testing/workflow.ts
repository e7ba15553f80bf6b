import { workflowContractSchema } from '@portreeve/contract';

/** The contract of a small workflow. */
export const CONTRACT = workflowContractSchema.parse({
  ...{ name: 'case-note', version: '1.0.0', title: 'Case note', purpose: 'A test.', tier: 'medium' },
  owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
  scope: { sources: [], tools: [], prompts: [] },
  approvers: ['note-leads'],
  input: { type: 'object', additionalProperties: false, properties: {} },
});
