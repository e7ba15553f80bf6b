import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/refund'],
  // `portreeve up` starts the payments system as a process of its own and fills in its address.
  systems: {},
  companions: [
    {
      system: 'payments',
      command: [
        'node',
        'payments/server.ts',
        '--port',
        '0',
        '--data',
        '{state}',
        '--issuer',
        '{issuer}',
        '--jwks',
        '{jwks}',
        '--read-token-file',
        '{secret:payments-read-token}',
      ],
    },
  ],
} satisfies ProjectConfigInput;
