import type { ProjectConfigInput } from '@portreeve/sdk';

/** Around a block that is a part of one model endpoint. */
export default {
  workflows: ['workflows/refund'],
  models: [
    {
      ...{ name: 'claude', kind: 'anthropic', model: 'claude-sonnet-5-5', secret: 'anthropic-api-key' },
      ...{ where: 'public-cloud', clearance: { confidentiality: 'confidential' } },
      // the block: members
    },
  ],
} satisfies ProjectConfigInput;
