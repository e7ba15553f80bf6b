import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretFolder } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('E9: a secret is a file for its owner alone, read anew for each use', async () => {
  const secrets = secretFolder(folder);
  expect(await secrets.read('api-key')).toBeNull();
  await secrets.write('api-key', 'first\n');
  expect(await secrets.read('api-key')).toBe('first');
  expect((await stat(join(folder, 'secrets', 'api-key'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'secrets'))).mode & 0o777).toBe(0o700);
  await secrets.write('api-key', 'second');
  expect(await secrets.read('api-key')).toBe('second');
});

test.each(['../outside', '..', '.', '', 'a/b', '/etc/passwd', 'a\\b', 'a\u0000', 'API-KEY', 'a b', 'x'.repeat(65)])(
  'the name %j leads nowhere',
  async (name) => {
    const secrets = secretFolder(join(folder, 'state'));
    await writeFile(join(folder, 'outside'), 'the secret of somebody else');
    await expect(secrets.read(name)).rejects.toThrow();
    await expect(secrets.write(name, 'x')).rejects.toThrow();
  },
);
