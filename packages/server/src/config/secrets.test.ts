import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProjectConfigInput, projectConfigSchema, systemClock } from '@portreeve/contract';
import { STATIC_KEY, startAwsServer, startVaultServer } from '@portreeve/execute/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSecrets, type Secrets, stateKeystore } from './secrets.ts';

let folder: string;
const undo: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-secrets-'));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await rm(folder, { recursive: true, force: true });
});

const optionsOf = (secrets?: ProjectConfigInput['secrets']) => ({
  config: projectConfigSchema.parse({ environment: 'test', workflows: ['x'], ...(secrets ? { secrets } : {}) }),
  projectFolder: folder,
  stateFolder: join(folder, 'state'),
  clock: systemClock,
});
function open(secrets?: ProjectConfigInput['secrets']): Secrets {
  const opened = openSecrets(optionsOf(secrets));
  undo.push(() => opened.close());
  return opened;
}

describe('E9: the configuration chooses where secrets are', () => {
  test('without a word of it, the keystore of the state folder', async () => {
    const secrets = open();
    expect(await secrets.read('api-key')).toBeNull();
    await stateKeystore(optionsOf()).set('api-key', 'the-value');
    expect(await secrets.read('api-key')).toBe('the-value');
  });

  test('a keystore whose root identity lies elsewhere', async () => {
    const options = optionsOf({ store: 'keystore', identity_file: 'mounted/identity' });
    await stateKeystore(options).set('api-key', 'the-value');
    expect(await open({ store: 'keystore', identity_file: 'mounted/identity' }).read('api-key')).toBe('the-value');
    await expect(open().read('api-key')).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a mounted folder, relative to the project', async () => {
    await mkdir(join(folder, 'run'));
    await writeFile(join(folder, 'run', 'api-key'), 'the-value\n');
    expect(await open({ store: 'files', folder: 'run' }).read('api-key')).toBe('the-value');
  });

  test('a vault, with credentials that are minted for tools alone', async () => {
    const server = await startVaultServer(systemClock);
    undo.push(() => server.close());
    server.secretIds.add('secret-id');
    server.write('portreeve/api-key', { value: 'the-value' });
    await writeFile(join(folder, 'secret-id'), 'secret-id');
    const config = {
      store: 'vault',
      address: server.address,
      private: true,
      auth: { method: 'approle', role_id: 'role-of-portreeve', secret_id_file: 'secret-id' },
      prefix: 'portreeve/',
      dynamic: { 'case-db': 'database/creds/case-writer' },
    } as const;
    const secrets = open(config);
    expect(await secrets.read('api-key')).toBe('the-value');
    expect((await secrets.store.fetch('case-db'))?.lease).not.toBeNull();
    await expect(secrets.read('case-db')).rejects.toMatchObject({ code: 'misconfigured' });
    expect(server.leases.size).toBe(1);
    await secrets.close();
    expect(server.tokens.size).toBe(0);
    expect(() => stateKeystore(optionsOf(config))).toThrow('keeps its secrets in the store "vault"');
  });

  test('AWS Secrets Manager', async () => {
    const server = await startAwsServer(systemClock);
    undo.push(() => server.close());
    server.valuesById.set('portreeve/api-key', 'the-value');
    await writeFile(join(folder, 'key'), STATIC_KEY.secretAccessKey);
    const secrets = open({
      store: 'aws',
      region: 'eu-central-1',
      prefix: 'portreeve/',
      auth: { method: 'keys', access_key_id: STATIC_KEY.accessKeyId, secret_access_key_file: 'key' },
      endpoint: server.endpoint,
      sts_endpoint: server.sts_endpoint,
      private: true,
    });
    expect(await secrets.read('api-key')).toBe('the-value');
  });

  test('plain http is for this machine alone', () => {
    const auth = { method: 'jwt', role: 'portreeve', jwt_file: 'jwt' } as const;
    expect(() => open({ store: 'vault', address: 'http://vault.internal:8200', auth })).toThrow('without TLS');
    open({ store: 'vault', address: 'https://vault.internal:8200', auth });
  });

  test('there is no place for a secret in the configuration', () => {
    const parse = (secrets: object) => projectConfigSchema.safeParse({ workflows: ['x'], secrets }).success;
    const auth = { method: 'approle', role_id: 'r', secret_id_file: 'f' };
    expect(parse({ store: 'vault', address: 'https://vault.internal', auth })).toBe(true);
    expect(parse({ store: 'vault', address: 'https://vault.internal', auth: { ...auth, secret_id: 's' } })).toBe(false);
    expect(parse({ store: 'vault', address: 'https://vault.internal', token: 'hvs.x', auth })).toBe(false);
    expect(parse({ store: 'keystore', passphrase: 'x' })).toBe(false);
    expect(parse({ store: 'environment' })).toBe(false);
  });
});
