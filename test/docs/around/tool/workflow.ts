import { basename } from 'node:path';
import { defineTool, defineWorkflow, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';

const input = z.strictObject({ account: z.string().regex(/^A-[0-9]{1,9}$/) });
const shared = {
  version: '1.0',
  clearance: { confidentiality: 'internal' },
  timeout_ms: 5000,
  idempotency: 'none',
  audience: 'urn:example:ledger',
  undo: 'irreversible',
} satisfies Partial<ToolSpec>;

const block = {
  // the block: members
} satisfies Partial<ToolSpec>;

const bookEntry = defineTool({
  ...shared,
  name: 'book_entry',
  title: 'Book an entry',
  description: 'Books one entry in the ledger.',
  tier: 3,
  effect: 'write',
  args: z.strictObject({ account: input.shape.account }),
  result: z.strictObject({ entry: z.string() }),
  sinks: [{ path: '/account', kind: 'target' }],
  binding: { connector: 'http', method: 'POST', url: 'system://ledger/accounts/{account}/entries' },
  ...block,
});

const findEntry = defineTool({
  ...shared,
  name: 'find_entry',
  title: 'Find an entry',
  description: 'Says whether the call with a key booked an entry.',
  tier: 1,
  effect: 'read',
  args: z.strictObject({ key: z.string().max(200) }),
  result: z.strictObject({ state: z.enum(['booked', 'absent']), entry: z.string() }),
  sinks: [],
  binding: { connector: 'http', method: 'POST', url: 'system://ledger/keys' },
});

/** Around a block that is a part of a tool's contract. */
export default defineWorkflow({
  name: basename(import.meta.dirname),
  version: '1.0.0',
  title: 'Around a block',
  purpose: 'Is what stands around a block of the documentation.',
  tier: 'medium',
  owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
  approvers: ['leads'],
  input,
  sources: [],
  tools: [bookEntry, findEntry],
  prompts: [],
  async run({ input, act }) {
    const { status } = await act(bookEntry.name, { account: input.account }, { rationale: 'It is asked for.' });
    return { status };
  },
});
