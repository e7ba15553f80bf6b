import { basename } from 'node:path';
import { defineSource, defineWorkflow, type WorkflowSpec } from '@portreeve/sdk';
import { z } from 'zod';

const id = z.string().regex(/^T-[0-9]{1,9}$/);
const input = z.strictObject({ id, customer_id: z.string().max(40).optional() });

const caseLogs = defineSource({
  name: 'case-logs',
  version: '1.0',
  title: 'Logs of a case',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: [],
  holds: 'logs',
  production: true,
  query: z.strictObject({ id }),
  fields: [{ name: 'text' }],
  limits: { max_items: 10, max_bytes: 65_536 },
  binding: { kind: 'file', folder: 'cases', pattern: '{id}.jsonl' },
});

/** A block may say another. */
const tier: WorkflowSpec<typeof input>['tier'] = 'medium';

const block = {
  // the block: members
} satisfies Partial<WorkflowSpec<typeof input>>;

/** Around a block that is a part of a workflow's declaration. */
export default defineWorkflow({
  name: basename(import.meta.dirname),
  version: '1.0.0',
  title: 'Around a block',
  purpose: 'Is what stands around a block of the documentation.',
  ...{ tier },
  owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
  approvers: ['leads'],
  input,
  sources: [caseLogs],
  tools: [],
  prompts: ['classify', 'read-invoice'],
  ...block,
  async run({ input, read, classify, extract }) {
    const { evidence } = await read(caseLogs.name, { id: input.id });
    await classify('classify', { text: evidence });
    await extract('read-invoice', { text: evidence });
    return {};
  },
});
