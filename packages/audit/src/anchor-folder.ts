import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import type { AnchorStore } from './ports.ts';

/**
 * A folder that checkpoints and tiles are written to; it can be served as it is (C2SP tlog-tiles). It must be there: an
 * anchor whose disk is not mounted fails, and is not begun anew on the disk below.
 */
export function folderAnchor(options: { readonly name: string; readonly folder: string }): AnchorStore {
  const folder = resolve(options.folder);
  const placeOf = (path: string): string => {
    const place = resolve(folder, path);
    if (!place.startsWith(folder + sep)) throw new TypeError('the path leaves the folder');
    return place;
  };
  const assertThere = async () => {
    const found = await stat(folder).catch(() => null);
    if (!found?.isDirectory()) throw new Error('the folder is not there');
  };
  return {
    name: options.name,
    async read(path) {
      await assertThere();
      return readFile(placeOf(path)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw new Error(`the folder cannot be read (${error.code})`);
      });
    },
    async write(path, bytes) {
      await assertThere();
      const place = placeOf(path);
      const fresh = `${place}.${randomUUID()}.new`;
      try {
        await mkdir(dirname(place), { recursive: true });
        const file = await open(fresh, 'wx', 0o644);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(fresh, place);
        await syncFolder(dirname(place));
      } catch (error) {
        await rm(fresh, { force: true }).catch(() => undefined);
        throw new Error(`the folder cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
      }
    },
  };
}

/** The new name is durable when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
