import type { ProjectConfigInput } from '@portreeve/sdk';

/** Around a block that is a part of `portreeve.config.ts`. */
export default {
  workflows: ['workflows/refund'],
  // the block: members
} satisfies ProjectConfigInput;
