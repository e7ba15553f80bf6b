import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/alert-triage'],
  // `portreeve up` starts the fleet console as a process of its own and fills in its address.
  systems: {},
  companions: [
    {
      system: 'fleet',
      command: [
        'node',
        'fleet/server.ts',
        '--port',
        '0',
        '--data',
        '{state}',
        '--issuer',
        '{issuer}',
        '--jwks',
        '{jwks}',
        '--read-token-file',
        '{secret:fleet-read-token}',
      ],
    },
  ],
} satisfies ProjectConfigInput;
