import { ENVIRONMENTS } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { refuseEnvironmentCredentials } from './environment-credentials.ts';

const OTHERS = ENVIRONMENTS.filter((name) => name !== 'development');

describe('E9: credentials in plain environment variables', () => {
  test.each([
    { ANTHROPIC_API_KEY: 'sk-canary' },
    { VAULT_TOKEN: 'hvs.canary' },
    { AWS_SECRET_ACCESS_KEY: 'canary' },
    { PGPASSWORD: 'canary' },
    { DATABASE_URL: 'postgres://u:canary@db/x' },
    { DATABASE_URL: 'postgres://u@db/x?password=canary' },
  ])('%j is refused outside development, without a word of the value', (env) => {
    for (const environment of OTHERS) {
      const refuse = () => refuseEnvironmentCredentials(env, environment);
      expect(refuse).toThrow(Object.keys(env)[0]);
      expect(refuse).not.toThrow('canary');
    }
    refuseEnvironmentCredentials(env, 'development');
  });

  test('what holds none passes', () => {
    const env = { DATABASE_URL: 'postgres://u@db/x', PGPASSFILE: '/run/pgpass', PATH: '/bin', ANTHROPIC_API_KEY: '' };
    for (const environment of OTHERS) refuseEnvironmentCredentials(env, environment);
    refuseEnvironmentCredentials({ DATABASE_URL: 'not a url' }, 'production');
  });
});
