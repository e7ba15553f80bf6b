import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of a state folder without which its data is no use to anybody: the keys, and who the local accounts are. */
export async function keyFiles(stateFolder: string): Promise<{ readonly path: string; readonly bytes: Buffer }[]> {
  const names = (await readdir(join(stateFolder, 'keys'))).filter((name) => /^[a-z0-9-]+\.(pem|key|json)$/.test(name));
  const keys = names.sort().map((name) => ({ path: `${PREFIX}${name}`, at: join('keys', name) }));
  const found: { path: string; bytes: Buffer }[] = [];
  for (const { path, at } of [...keys, { path: ACCOUNTS, at: 'accounts.json' }]) {
    const bytes = await readFile(join(stateFolder, at)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (bytes) found.push({ path, bytes });
  }
  return found;
}

const PREFIX = 'files/keys.';
const ACCOUNTS = 'files/accounts.json';
export const LOG_KEY = `${PREFIX}log.pem`;

/** Where in a state folder a file of an archive belongs; `null` for one that is none of ours. */
export function placeInState(path: string): string | null {
  if (path === ACCOUNTS) return 'accounts.json';
  return path.startsWith(PREFIX) ? join('keys', path.slice(PREFIX.length)) : null;
}
