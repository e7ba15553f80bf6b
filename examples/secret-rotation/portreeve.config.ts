import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  workflows: ['workflows/secret-rotation'],
  systems: {},
  companions: [
    {
      system: 'vault',
      command: [
        'node',
        'vault/server.ts',
        '--port',
        '0',
        '--data',
        '{state}',
        '--admin-password-file',
        '{secret:vault-admin-password}',
      ],
    },
  ],
} satisfies ProjectConfigInput;
