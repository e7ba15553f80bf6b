import { mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretStoreContract } from '../testing/secret-store-contract.ts';
import { mountedFiles } from './mounted-files.ts';

/**
 * Writes a volume as the kubelet's atomic writer does: files in a new folder, `..data` renamed over, names as links
 * through it, the old folder removed.
 */
async function kubelet(folder: string) {
  let serial = 0;
  const values = new Map<string, string>();
  const publish = async () => {
    const before = await readlink(join(folder, '..data')).catch(() => null);
    const fresh = `..2026_11_20_12_00_00.${++serial}`;
    await mkdir(join(folder, fresh));
    for (const [name, value] of values) await writeFile(join(folder, fresh, name), value, { mode: 0o644 });
    await symlink(fresh, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    const names = await readdir(folder);
    for (const name of values.keys())
      if (!names.includes(name)) await symlink(join('..data', name), join(folder, name));
    for (const name of names) if (!name.startsWith('..') && !values.has(name)) await rm(join(folder, name));
    if (before) await rm(join(folder, before), { recursive: true });
  };
  return { values, publish };
}

secretStoreContract('files that Kubernetes mounts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-mounted-'));
  const { values, publish } = await kubelet(folder);
  return {
    store: mountedFiles({ folder }),
    async put(name, value) {
      values.set(name, value);
      await publish();
    },
    async remove(name) {
      values.delete(name);
      await publish();
    },
    async break() {
      // As root every file can be read; a folder in its place cannot.
      await rm(folder, { recursive: true });
      await mkdir(join(folder, 'case-token'), { recursive: true });
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-mounted-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('plain files serve as well, and one line end at the end is not the secret', async () => {
  await writeFile(join(folder, 'case-token'), 'the-value\n');
  await writeFile(join(folder, 'lines'), 'a\n\nb\n\n');
  const store = mountedFiles({ folder });
  expect((await store.fetch('case-token'))?.value).toBe('the-value');
  expect((await store.fetch('lines'))?.value).toBe('a\n\nb\n');
});

test('what is too large or no text is refused', async () => {
  await writeFile(join(folder, 'large'), 'x'.repeat(65 * 1024));
  await writeFile(join(folder, 'bytes'), Buffer.from([0xff, 0xfe, 0x01]));
  const store = mountedFiles({ folder });
  await expect(store.fetch('large')).rejects.toThrow('65536 bytes');
  await expect(store.fetch('bytes')).rejects.toThrow('is not UTF-8');
});
