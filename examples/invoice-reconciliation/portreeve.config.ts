import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/invoice-reconciliation'],
  // A PostgreSQL with the database of `ledger/schema.sql`; its role and password are the secret `ledger-role`.
  systems: { ledger: { url: 'postgres://127.0.0.1:5432', private: true } },
} satisfies ProjectConfigInput;
