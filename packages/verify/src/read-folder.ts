import { printable } from './describe.ts';
import { type ExportResult, type Policy, type Registrations, verifyExport, verifyTiles } from './log/index.ts';

/** A folder or a file that cannot be used, in words for whoever named it. */
export class Unusable extends Error {}

/** Whose signatures one log is checked by. */
export interface FolderTrust {
  readonly expectedVkeys: readonly string[];
  readonly policy?: Policy;
}

/** Checks the folder of one log: an export, or the tiles of an anchor. Throws {@link Unusable}, `BadVerifierKey`. */
export async function checkFolder(
  folder: string,
  trusted: FolderTrust,
  more: { readonly approvals: boolean; readonly registrations: Registrations },
): Promise<ExportResult> {
  const checkpoint = await read(`${folder}/checkpoint`);
  // An anchor's folder has no key with it: it must come from elsewhere.
  const tiles = await isThere(`${folder}/tile`);
  if (tiles && !trusted.policy && trusted.expectedVkeys.length === 0)
    throw new Unusable('This is a folder of tiles: name the key that you trust with --vkey or --policy.');
  if (tiles) return verifyTiles({ read: resourcesOf(folder), checkpoint, vkey: '', ...trusted });
  const vkey = await read(`${folder}/log.vkey`);
  return verifyExport({ entries: pieces(`${folder}/entries.jsonl`), checkpoint, vkey, ...more, ...trusted });
}

/** The names of the logs whose folders lie beside that of the main one. */
export async function logsIn(folder: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises');
  const names = await readdir(`${folder}/logs`).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw unreadable(`${folder}/logs`, error);
  });
  const strange = names.find((name) => !/^[a-z][a-z0-9_-]{0,63}$/.test(name));
  if (strange !== undefined)
    throw new Unusable(`${printable(`${folder}/logs/${strange}`)} is not the folder of a log.`);
  return names.sort();
}

/** The name by which a checkpoint was signed, as it says itself. */
export async function originIn(folder: string): Promise<string> {
  return (await read(`${folder}/checkpoint`)).split('\n', 1)[0]!;
}

export async function isThere(path: string): Promise<boolean> {
  const { stat } = await import('node:fs/promises');
  return stat(path).then(
    () => true,
    () => false,
  );
}

function resourcesOf(folder: string): (path: string) => Promise<Uint8Array | null> {
  return async (path) => {
    const { readFile } = await import('node:fs/promises');
    return readFile(`${folder}/${path}`).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw unreadable(`${folder}/${path}`, error);
    });
  };
}

async function* pieces(path: string): AsyncIterable<string> {
  const { createReadStream } = await import('node:fs');
  try {
    yield* createReadStream(path, { encoding: 'utf8' });
  } catch (error) {
    throw unreadable(path, error);
  }
}

export async function read(path: string): Promise<string> {
  // Not at the top: the rest of this package runs without Node as well.
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Unusable {
  const { code } = error as NodeJS.ErrnoException;
  return new Unusable(`Cannot read ${printable(path)} (${code ?? 'unknown'}). Name a folder that an export wrote.`);
}

export function keysIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
