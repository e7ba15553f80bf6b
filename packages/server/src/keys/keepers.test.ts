import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRootRotation } from '@portreeve/audit';
import { memoryKeyStore } from '@portreeve/audit/testing';
import { createKeyRing } from '@portreeve/audit/writer';
import { fixedClock, isPortreeveError, type RootKeysConfig, rootKeysConfigSchema } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { createEgress } from '@portreeve/execute';
import { STATIC_KEY, startAwsServer, startVaultServer } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import { awsAuthIn, vaultAuthIn } from '../config/way-out.ts';
import { kmsKeyWrapper } from './kms-wrapper.ts';
import { openRootKeys } from './root-keys.ts';
import { keyWrapperContract } from './testing/key-wrapper-contract.ts';
import { kmsEngine } from './testing/kms-engine.ts';
import { transitEngine } from './testing/transit-engine.ts';
import { vaultKeyWrapper } from './vault-wrapper.ts';

/** A folder of a project, with the files that prove who we are, and servers that speak as the keepers are documented. */
async function house() {
  const clock = fixedClock('2026-11-21T12:00:00.000Z');
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-keepers-'));
  await writeFile(join(folder, 'secret-id'), 'secret-id-1\n');
  await writeFile(join(folder, 'aws-key'), `${STATIC_KEY.secretAccessKey}\n`);
  const transit = transitEngine(clock);
  const vault = await startVaultServer(clock, transit.engine);
  vault.secretIds.add('secret-id-1');
  const kms = kmsEngine();
  const aws = await startAwsServer(clock, kms.service);
  const auth = {
    vault: { method: 'approle', role_id: 'role-of-portreeve', secret_id_file: 'secret-id' },
    aws: { method: 'keys', access_key_id: STATIC_KEY.accessKeyId, secret_access_key_file: 'aws-key' },
  } as const;
  const keepers = {
    file: { kind: 'file', path: 'root/keys.json' },
    vault: { kind: 'vault', address: vault.address, private: true, auth: auth.vault, key: 'portreeve' },
    kms: {
      ...{ kind: 'aws-kms', region: 'eu-central-1', auth: auth.aws, key_id: 'alias/portreeve', private: true },
      ...{ endpoint: aws.endpoint, sts_endpoint: aws.sts_endpoint },
    },
  } as const;
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  const opened: { close(): Promise<void> }[] = [];
  const open = (config: { keeper: object; earlier?: readonly object[] }) => {
    const parsed = rootKeysConfigSchema.parse(config) as RootKeysConfig;
    const wrapper = openRootKeys({ config: parsed, projectFolder: folder, stateFolder: folder, clock, pause });
    opened.push(wrapper);
    return wrapper;
  };
  const close = async () => {
    for (const each of opened) await each.close();
    await vault.close();
    await aws.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { clock, folder, transit, vault, kms, aws, keepers, pauses, open, close };
}

function contractOf(name: string, which: 'file' | 'vault' | 'kms', retires: boolean) {
  keyWrapperContract(name, async () => {
    const here = await house();
    return {
      open: () => here.open({ keeper: here.keepers[which] }),
      async break() {
        here.vault.state.sealed = true;
        here.aws.state.broken = true;
        await rm(join(here.folder, 'root'), { recursive: true, force: true });
        await mkdir(join(here.folder, 'root', 'keys.json'), { recursive: true, mode: 0o700 });
      },
      advance: (ms) => here.clock.advance(ms),
      retires,
      close: here.close,
    };
  });
}

contractOf('a file', 'file', true);
contractOf('Vault transit, by its documented API', 'vault', true);
contractOf('AWS KMS, by its documented API', 'kms', false);

describe('G6: keepers of root keys', () => {
  const key = Buffer.alloc(32, 9);
  const each = (title: string, body: (here: Awaited<ReturnType<typeof house>>) => Promise<void>) =>
    test(title, async () => {
      const here = await house();
      try {
        await body(here);
      } finally {
        await here.close();
      }
    });
  const failing = (code: string, words: RegExp) => (error: unknown) =>
    isPortreeveError(error, code as 'conflict') && words.test(`${error.detail} ${error.next}`);

  each(
    'one that is busy is asked again with growing waits, and then no more',
    async ({ open, keepers, transit, kms, pauses }) => {
      const [vault, aws] = [open({ keeper: keepers.vault }), open({ keeper: keepers.kms })];
      transit.state.throttled = 2;
      kms.state.faults = ['ThrottlingException', 'KMSInternalException'];
      await vault.wrap(key, 'place');
      await aws.wrap(key, 'place');
      expect(pauses).toHaveLength(4);
      expect(pauses[1]!).toBeGreaterThan(pauses[0]!);
      transit.state.throttled = 100;
      kms.state.faults = Array.from({ length: 100 }, () => 'ThrottlingException');
      await expect(vault.wrap(key, 'place')).rejects.toThrow(
        'the vault answered 429 for encrypt by the transit key portreeve',
      );
      await expect(aws.wrap(key, 'place')).rejects.toThrow('AWS KMS answered 400 (ThrottlingException) to Encrypt');
      expect(100 - transit.state.throttled).toBe(4);
    },
  );

  each(
    'one that does not answer in time, or not at all, is an error, and asked once',
    async ({ keepers, clock, folder }) => {
      let connections = 0;
      const silent = createServer((socket) => {
        connections++;
        socket.on('error', () => undefined);
      });
      await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
      const { port } = silent.address() as AddressInfo;
      const egress = createEgress({ allow: [{ host: '127.0.0.1', port, private: true }] });
      const parts = { fetch: egress.fetch, clock, timeout_ms: 50 };
      const address = `http://127.0.0.1:${port}/`;
      const auth = { vault: vaultAuthIn(folder, keepers.vault.auth), aws: awsAuthIn(folder, keepers.kms.auth) };
      const vault = vaultKeyWrapper({ ...parts, address, auth: auth.vault, mount: 'transit', key: 'portreeve' });
      const kms = kmsKeyWrapper({
        ...parts,
        region: 'eu-central-1',
        endpoint: address,
        auth: auth.aws,
        key_id: 'alias/x',
      });
      await expect(vault.wrap(key, 'place')).rejects.toThrow('the vault: no answer within 50 ms');
      await expect(kms.wrap(key, 'place')).rejects.toThrow('AWS: no answer within 50 ms');
      expect(connections).toBe(2);
      await egress.close();
      silent.closeAllConnections();
      await new Promise<void>((closed) => silent.close(() => closed()));
      await expect(kms.wrap(key, 'place')).rejects.toThrow('the store cannot be reached');
    },
  );

  each(
    'a key that is not there or does not fit is named, and none is made',
    async ({ open, keepers, transit, kms }) => {
      const vault = open({ keeper: { ...keepers.vault, key: 'other' } });
      await expect(vault.wrap(key, 'place')).rejects.toSatisfy(
        failing('misconfigured', /no transit key other .*vault write -f transit\/keys\/other/),
      );
      transit.state.derived = true;
      await expect(open({ keeper: keepers.vault }).wrap(key, 'place')).rejects.toSatisfy(
        failing('misconfigured', /not derived/),
      );
      transit.state.derived = false;
      transit.state.type = 'rsa-4096';
      await expect(open({ keeper: keepers.vault }).wrap(key, 'place')).rejects.toSatisfy(
        failing('misconfigured', /rsa-4096/),
      );
      expect(transit.state.asked).not.toContain('encrypt');
      await expect(open({ keeper: { ...keepers.kms, key_id: 'alias/none' } }).root()).rejects.toSatisfy(
        failing('misconfigured', /no key alias\/none/),
      );
      kms.state.spec = 'RSA_4096';
      await expect(open({ keeper: keepers.kms }).wrap(key, 'place')).rejects.toSatisfy(
        failing('misconfigured', /SYMMETRIC_DEFAULT/),
      );
    },
  );

  each(
    'where only the owner may rotate or retire, it is said how, and what they do is seen',
    async ({ open, keepers, transit, kms, clock }) => {
      transit.state.forbidden = ['rotate', 'config'];
      const vault = open({ keeper: keepers.vault });
      const before = await vault.wrap(key, 'place');
      await expect(vault.rotate()).rejects.toSatisfy(
        failing('conflict', /vault write -f transit\/keys\/portreeve\/rotate/),
      );
      transit.rotate();
      expect(await vault.root()).toBe('vault:transit/portreeve:v2');
      clock.advance(120_000);
      await vault.retire();
      await vault.retire();
      expect(transit.state.asked.filter((path) => path === 'config')).toHaveLength(1 + 1);
      expect(Buffer.from(await vault.unwrap(before, 'place'))).toEqual(key);

      const aws = open({ keeper: keepers.kms });
      const old = await aws.wrap(key, 'place');
      kms.state.faults = ['AccessDeniedException'];
      await expect(aws.root()).rejects.toThrow('AWS KMS answered 400 (AccessDeniedException) to DescribeKey');
      kms.another();
      const root = await aws.root();
      expect(root).not.toBe(old.root);
      expect(Buffer.from(await aws.unwrap(old, 'place'))).toEqual(key);
      expect((await aws.rewrap(old, 'place')).root).toBe(root);
    },
  );

  each(
    'AWS KMS takes its time to rotate: what was wrapped meanwhile is wrapped anew',
    async ({ open, keepers, kms, pauses }) => {
      const aws = open({ keeper: keepers.kms });
      const first = await aws.root();
      kms.state.slow = 3;
      expect(await aws.rotate()).not.toBe(first);
      expect(pauses).toEqual([500, 500, 500]);
      kms.state.slow = 100;
      await expect(aws.rotate()).rejects.toSatisfy(failing('conflict', /is not done/));
      // What another process wraps under a name that it looked up before has that older name, and is done again.
      const other = open({ keeper: keepers.kms });
      const seen = await other.root();
      kms.state.slow = 0;
      const now = await aws.rotate();
      const late = await other.wrap(key, 'place');
      expect([late.root, now === seen]).toEqual([seen, false]);
    },
  );

  each(
    'the keeper is changed by configuration: what the earlier one wrapped opens, and is wrapped anew',
    async ({ open, keepers, clock, transit }) => {
      const store = memoryKeyStore();
      const ringOf = (wrapper: ReturnType<typeof open>) => createKeyRing({ store, wrapper, clock });
      const { ids } = await ringOf(open({ keeper: keepers.file })).sealing(['prn_1'], 'work');
      const alone = ringOf(open({ keeper: keepers.vault }));
      await expect(alone.opening([ids])).rejects.toSatisfy(
        failing('misconfigured', /wrapped by file:.*root_keys\.earlier/),
      );
      const both = open({ keeper: keepers.vault, earlier: [keepers.file] });
      expect((await ringOf(both).opening([ids])).size).toBe(1);
      const uow = memoryUnitOfWork();
      const audit = memoryAuditWriter();
      const parts = { store, audit, uow };
      expect(await createRootRotation({ ...parts, wrapper: both }).resume()).toBe(1);
      expect((await ringOf(open({ keeper: keepers.vault })).opening([ids])).size).toBe(1);
      expect(transit.state.asked).not.toContain('rewrap');
      transit.rotate();
      expect(await createRootRotation({ ...parts, wrapper: both }).resume()).toBe(1);
      expect(transit.state.asked).toContain('rewrap');
      expect(audit.drafts.map(({ data }) => data)).toEqual(
        [1, 2].map((n) => ({ root: `vault:transit/portreeve:v${n}`, keys: 1 })),
      );
    },
  );

  test('a configuration with the same keeper twice, or without TLS over a network, is refused', () => {
    const vault = {
      kind: 'vault',
      address: 'http://vault.example:8200',
      key: 'portreeve',
      auth: { method: 'jwt', role: 'r', jwt_file: 'j' },
    };
    expect(rootKeysConfigSchema.safeParse({ keeper: vault, earlier: [vault] }).success).toBe(false);
    expect(rootKeysConfigSchema.safeParse({ keeper: { ...vault, key: '../sys' } }).success).toBe(false);
    const config = rootKeysConfigSchema.parse({ keeper: vault });
    const clock = fixedClock('2026-11-21T12:00:00.000Z');
    expect(() => openRootKeys({ config, projectFolder: '/', stateFolder: '/', clock })).toThrow(/without TLS/);
  });
});
