import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortreeveError } from '@portreeve/contract';
import { readBytes } from './archive.ts';
import { placeInState } from './key-files.ts';
import { unusable } from './manifest.ts';
import type { OpenedArchives } from './open-archives.ts';

/**
 * Puts the files of the archive of keys into a state folder that does not have them. Throws `conflict` where it has others.
 * What comes back takes away again what was put there.
 */
export async function putKeys({ keys }: OpenedArchives, stateFolder: string): Promise<() => Promise<void>> {
  const wanted: { readonly at: string; readonly bytes: Buffer }[] = [];
  for (const file of keys.manifest.files) {
    const place = placeInState(file.path);
    if (place === null) throw unusable(`${file.path} has no place in a state folder.`);
    const at = join(stateFolder, place);
    const bytes = await readBytes(keys.folder, file);
    const present = await readFile(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (present === null) wanted.push({ at, bytes });
    // Root keys that were made since are needed by nothing in the archive, and harm nothing.
    else if (!present.equals(bytes) && !place.endsWith('.json'))
      throw new PortreeveError('conflict', `${at} is another key than that of the backup.`, {
        next: 'Restore into a state folder of its own (--state).',
      });
  }
  await mkdir(join(stateFolder, 'keys'), { recursive: true, mode: 0o700 });
  for (const { at, bytes } of wanted) await writeFile(at, bytes, { flag: 'wx', mode: 0o600, flush: true });
  return async () => {
    for (const { at } of wanted) await rm(at, { force: true });
  };
}
