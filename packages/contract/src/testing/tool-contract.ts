import { type ToolContract, toolContractSchema } from '../workflow.ts';

/** A sound contract with the given changes. */
export function soundTool(change: Partial<ToolContract> = {}): ToolContract {
  return toolContractSchema.parse({
    name: 'freeze_account',
    version: '1.0.0',
    title: 'Freeze an account',
    description: 'Freezes one account.',
    tier: 3,
    effect: 'write',
    args: {
      type: 'object',
      properties: { account: { type: 'string', maxLength: 20 }, frozen: { type: 'boolean' } },
      required: ['account', 'frozen'],
      additionalProperties: false,
    },
    result: { type: 'object' },
    sinks: [{ path: '/account', kind: 'target' }],
    clearance: { confidentiality: 'internal' },
    undo: 'irreversible',
    timeout_ms: 1000,
    idempotency: 'none',
    audience: 'ledger',
    binding: {
      connector: 'postgres',
      url: 'system://ledger/accounts',
      credential: 'ledger-role',
      statement: 'UPDATE accounts SET frozen = $2 WHERE id = $1',
      parameters: [
        { argument: 'account', type: 'text' },
        { argument: 'frozen', type: 'boolean' },
      ],
      mode: 'write',
    },
    ...change,
  });
}
