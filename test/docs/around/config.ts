import type { ProjectConfigInput } from '@portreeve/sdk';

/** Endpoints with prices, without which no budget of money is a configuration. */
const priced: Pick<ProjectConfigInput, 'models'> = {
  models: [
    {
      ...{ name: 'claude', kind: 'anthropic', model: 'claude-sonnet-5-5', secret: 'anthropic-api-key' },
      ...{ where: 'public-cloud', clearance: { confidentiality: 'confidential' } },
      prices: { currency: 'USD', models: { 'claude-sonnet-5-5': { input: 3_000_000, output: 15_000_000 } } },
    },
  ],
};

/** Around a block that is a part of `portreeve.config.ts`. */
export default {
  workflows: ['workflows/refund'],
  ...priced,
  // the block: members
} satisfies ProjectConfigInput;
