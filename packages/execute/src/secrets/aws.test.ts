import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock } from '@portreeve/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEgress } from '../egress/egress.ts';
import { secretStoreContract } from '../testing/secret-store-contract.ts';
import { awsSecrets } from './aws.ts';
import { awsEndpoints } from './aws-json.ts';
import type { AwsAuth } from './aws-role.ts';
import { STATIC_KEY, startAwsServer } from './testing/aws-server.ts';

async function aws() {
  const clock = fixedClock('2026-11-20T12:00:00.000Z');
  const server = await startAwsServer(clock);
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-aws-'));
  const token_file = join(folder, 'token');
  const secret_access_key_file = join(folder, 'key');
  await writeFile(token_file, 'web.identity.token\n');
  await writeFile(secret_access_key_file, `${STATIC_KEY.secretAccessKey}\n`);
  server.webTokens.add('web.identity.token');
  const egress = createEgress({ allow: [{ host: '127.0.0.1', port: server.port, private: true }] });
  const role: AwsAuth = { method: 'web-identity', role_arn: 'arn:aws:iam::123456789012:role/portreeve', token_file };
  const keys: AwsAuth = { method: 'keys', access_key_id: STATIC_KEY.accessKeyId, secret_access_key_file };
  const open = (auth: AwsAuth) =>
    awsSecrets({
      ...{ fetch: egress.fetch, region: 'eu-central-1', prefix: 'portreeve/test/', auth, clock },
      endpoint: server.endpoint,
      sts_endpoint: server.sts_endpoint,
    });
  const sessions = () => server.asked.filter(({ target }) => target === '/sts/').length;
  const close = async () => {
    await egress.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { clock, server, open, role, keys, sessions, secret_access_key_file, close };
}

secretStoreContract('AWS Secrets Manager, by its documented API', async () => {
  const { server, open, role, close } = await aws();
  return {
    store: open(role),
    put: async (name, value) => void server.valuesById.set(`portreeve/test/${name}`, value),
    remove: async (name) => void server.valuesById.delete(`portreeve/test/${name}`),
    break: async () => {
      server.state.broken = true;
    },
    close,
  };
});

describe('AWS', () => {
  let here: Awaited<ReturnType<typeof aws>>;
  beforeEach(async () => {
    here = await aws();
    here.server.valuesById.set('portreeve/test/case-token', 'the-value');
  });
  afterEach(() => here.close());

  test('E9: a role by web identity: one session however many ask, taken anew minutes before it ends', async () => {
    const store = here.open(here.role);
    await Promise.all(Array.from({ length: 10 }, () => store.fetch('case-token')));
    expect(here.sessions()).toBe(1);
    here.clock.advance(599_000);
    await store.fetch('case-token');
    expect(here.sessions()).toBe(1);
    here.clock.advance(2_000);
    expect((await store.fetch('case-token'))?.value).toBe('the-value');
    expect(here.sessions()).toBe(2);
  });

  test('a long-lived key whose secret half is a file, read for each use', async () => {
    const store = here.open(here.keys);
    expect((await store.fetch('case-token'))?.value).toBe('the-value');
    await writeFile(here.secret_access_key_file, 'another-key');
    await expect(store.fetch('case-token')).rejects.toThrow('InvalidSignatureException');
    expect(here.sessions()).toBe(0);
  });

  test('a session that STS refuses is an error without a word of its answer', async () => {
    here.server.webTokens.clear();
    await expect(here.open(here.role).fetch('case-token')).rejects.toThrow(/^AWS STS answered 400$/);
  });

  test('bytes that are text are taken, others refused', async () => {
    const store = here.open(here.role);
    here.server.valuesById.set('portreeve/test/binary', Buffer.from('b\u00efnary'));
    expect((await store.fetch('binary'))?.value).toBe('b\u00efnary');
    here.server.valuesById.set('portreeve/test/binary', Buffer.from([0xff, 0xfe, 0x00]));
    await expect(store.fetch('binary')).rejects.toThrow('is not UTF-8');
  });

  test('only that a secret is not there is null: a refusal and a deletion are errors', async () => {
    const store = here.open(here.role);
    for (const fault of ['AccessDeniedException', 'InvalidRequestException', 'com.amazonaws#DecryptionFailure']) {
      here.server.state.fault = fault;
      await expect(store.fetch('case-token')).rejects.toThrow(fault.split('#').at(-1)!);
    }
    here.server.state.fault = 'no word <at all>';
    await expect(store.fetch('case-token')).rejects.toThrow(/^AWS answered 400 for the secret case-token$/);
  });

  test('the addresses of a region', () => {
    const of = (region: string, service: 's3' | 'kms' | 'secretsmanager') => awsEndpoints(service, { region });
    expect(of('eu-central-1', 'secretsmanager').service.href).toBe(
      'https://secretsmanager.eu-central-1.amazonaws.com/',
    );
    expect(of('eu-central-1', 's3').service.href).toBe('https://s3.eu-central-1.amazonaws.com/');
    expect(of('cn-north-1', 's3').service.href).toBe('https://s3.cn-north-1.amazonaws.com.cn/');
    expect(of('cn-north-1', 'kms').sts.href).toBe('https://sts.cn-north-1.amazonaws.com.cn/');
  });
});
