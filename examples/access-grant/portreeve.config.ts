import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/access-grant'],
  systems: {},
  companions: [
    {
      system: 'directory',
      command: [
        'node',
        'directory/server.ts',
        '--port',
        '0',
        '--data',
        '{state}',
        '--issuer',
        '{issuer}',
        '--jwks',
        '{jwks}',
        '--read-token-file',
        '{secret:directory-read-token}',
      ],
    },
  ],
} satisfies ProjectConfigInput;
