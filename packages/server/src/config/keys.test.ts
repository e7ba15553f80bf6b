import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thumbprintOf } from '@portreeve/execute';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { executorThumbprint, grantKey, keyId, loadApiKeys, loadExecutorKeys, loadKeys, redactionMark } from './keys.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-keys-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const publicOf = (key: KeyObject): string => {
  const { x, pub } = createPublicKey(key).export({ format: 'jwk' }) as { x?: string; pub?: string };
  return (x ?? pub)!;
};

test('the first start makes the keys and says which, for the record', async () => {
  const keys = await loadKeys(folder);
  expect(keys.created).toEqual([
    { purpose: 'log', key_id: keyId(keys.log), public_key: publicOf(keys.log) },
    { purpose: 'log-ml-dsa', key_id: keyId(keys.log_ml_dsa), public_key: publicOf(keys.log_ml_dsa) },
    { purpose: 'grant', key_id: keyId(keys.grant), public_key: publicOf(keys.grant) },
    { purpose: 'executor', key_id: keyId(keys.executor!), public_key: publicOf(keys.executor!) },
  ]);
  expect(publicOf(keys.log)).not.toBe(publicOf(keys.grant));
  expect(keys.redaction).toHaveLength(32);
  expect(keys.pseudonyms).toHaveLength(32);
  expect(keys.pseudonyms).not.toEqual(keys.redaction);
  const message = Buffer.from('x');
  expect(verify(null, message, createPublicKey(keys.log), sign(null, message, keys.log))).toBe(true);
  expect(keyId(keys.log)).toMatch(/^[A-Za-z0-9_-]{12}$/);
});

test('the second start reads the same ones', async () => {
  const first = await loadKeys(folder);
  const second = await loadKeys(folder);
  expect(second.created).toEqual([]);
  expect(publicOf(second.log_ml_dsa)).toBe(publicOf(first.log_ml_dsa));
  expect([publicOf(second.log), publicOf(second.grant), second.redaction, second.pseudonyms]).toEqual([
    publicOf(first.log),
    publicOf(first.grant),
    first.redaction,
    first.pseudonyms,
  ]);
});

test('only their owner may read them', async () => {
  await loadKeys(folder);
  expect((await stat(join(folder, 'keys'))).mode & 0o777).toBe(0o700);
  const names = await readdir(join(folder, 'keys'));
  expect(names.sort()).toEqual([
    ...['executor.pem', 'grant.pem', 'log-ml-dsa.pem', 'log.pem', 'pseudonyms.key', 'redaction.key'],
  ]);
  for (const name of names) expect((await stat(join(folder, 'keys', name))).mode & 0o777).toBe(0o600);
});

test.each(['log.pem', 'log-ml-dsa.pem', 'grant.pem', 'executor.pem', 'redaction.key', 'pseudonyms.key'])(
  'a broken %s is named, and not replaced',
  async (name) => {
    await loadKeys(folder);
    await writeFile(join(folder, 'keys', name), 'broken');
    await expect(loadKeys(folder)).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining(join(folder, 'keys', name)),
    });
  },
);

test('F7: with executors apart no key of theirs is made, and their folder holds none of ours', async () => {
  const gatekeeper = await loadKeys(folder, 'apart');
  expect(gatekeeper.executor).toBeNull();
  expect(await grantKey(folder)).toBe(publicOf(gatekeeper.grant));
  await expect(loadExecutorKeys(folder)).rejects.toMatchObject({ code: 'misconfigured' });

  const own = join(folder, 'executor');
  await expect(grantKey(own)).rejects.toMatchObject({ code: 'not_found' });
  const jkt = await executorThumbprint(own);
  const keys = await loadExecutorKeys(own);
  expect(thumbprintOf(keys.executor)).toBe(jkt);
  expect((await readdir(join(own, 'keys'))).sort()).toEqual(['executor.pem', 'redaction.key']);
});

test('J2: an api apart takes the key of marks that it is given, makes none, and stands beside no key that signs', async () => {
  await expect(loadApiKeys(folder)).rejects.toMatchObject({
    code: 'misconfigured',
    next: expect.stringContaining('Copy keys/redaction.key of the gatekeeper'),
  });
  expect(await readdir(join(folder, 'keys'))).toEqual([]);
  const own = await loadKeys(folder);
  await expect(loadApiKeys(folder)).rejects.toMatchObject({ detail: expect.stringContaining('is not for an api') });
  for (const name of await readdir(join(folder, 'keys')))
    if (name !== 'redaction.key') await rm(join(folder, 'keys', name));
  const given = await loadApiKeys(folder);
  expect(given).toEqual({ redaction: own.redaction });
  expect(redactionMark(given.redaction)).toBe(redactionMark(own.redaction));
  expect(redactionMark(given.redaction)).not.toBe(redactionMark(own.pseudonyms));
});
