import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/support-triage'],
  // `portreeve up` starts the mail desk as a process of its own and fills in its address.
  systems: {},
  companions: [
    {
      system: 'mail-desk',
      command: [
        'node',
        'mail-desk/server.ts',
        '--port',
        '0',
        '--data',
        '{state}',
        '--issuer',
        '{issuer}',
        '--jwks',
        '{jwks}',
        '--read-token-file',
        '{secret:mail-desk-read-token}',
      ],
    },
  ],
} satisfies ProjectConfigInput;
