import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/incident-summary'],
  // `portreeve up` starts the case system as a process of its own and fills in its address.
  systems: {},
  companions: [
    {
      system: 'case-system',
      command: [
        'node',
        'case-system/server.ts',
        '--port',
        '0',
        '--data',
        '{state}',
        '--issuer',
        '{issuer}',
        '--jwks',
        '{jwks}',
        '--read-token-file',
        '{secret:case-system-read-token}',
      ],
    },
  ],
} satisfies ProjectConfigInput;
