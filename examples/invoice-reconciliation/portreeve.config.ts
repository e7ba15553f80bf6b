import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/invoice-reconciliation'],
  // `portreeve up` starts a PostgreSQL as a process of its own and fills in its address. Your ledger stands here instead:
  // `ledger: { url: 'postgres://ledger.corp.example:5432' }`, with its role and password as the secret `ledger-role`.
  systems: {},
  companions: [
    {
      system: 'ledger',
      command: ['node', 'ledger/server.ts', '--data', '{state}', '--login-file', '{login:ledger-role}'],
    },
  ],
} satisfies ProjectConfigInput;
