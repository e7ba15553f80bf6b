import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderAnchor } from './anchor-folder.ts';
import { anchorStoreContract } from './testing/anchor-contract.ts';

anchorStoreContract('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-anchor-'));
  return {
    store: folderAnchor({ name: 'folder', folder }),
    look: (path) => readFile(join(folder, path)).catch(() => null),
    break: () => rm(folder, { recursive: true }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

test('a folder that is not there is not made, nothing leaves it, and nothing half-written stays', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'portreeve-anchor-'));
  const folder = join(parent, 'mounted');
  const anchor = folderAnchor({ name: 'folder', folder });
  await expect(anchor.write('checkpoint', Buffer.of(1))).rejects.toThrow('the folder is not there');
  expect(await readdir(parent)).toEqual([]);
  await mkdir(folder);
  for (const path of ['../checkpoint', '/etc/hostname', '.']) {
    await expect(anchor.write(path, Buffer.of(1))).rejects.toThrow(TypeError);
    await expect(anchor.read(path)).rejects.toThrow(TypeError);
  }
  await mkdir(join(folder, 'checkpoint'));
  await expect(anchor.write('checkpoint', Buffer.of(1))).rejects.toThrow('cannot be written');
  expect(await readdir(folder)).toEqual(['checkpoint']);
  await rm(parent, { recursive: true });
});
