import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Pack, parsePack } from './pack.ts';

const SHIPPED = fileURLToPath(new URL('./packs/', import.meta.url));

/** The packs that the product ships, by name. */
export const shippedPacks = (): Promise<Pack[]> => packsIn(SHIPPED);

/** The packs of a folder, sorted by file; none where there is no such folder. */
export async function packsIn(folder: string): Promise<Pack[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  return Promise.all(files.map(async (name) => parsePack(await readFile(join(folder, name), 'utf8'), name)));
}
