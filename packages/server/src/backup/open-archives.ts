import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNoteSigner } from '@portreeve/audit';
import { PortreeveError } from '@portreeve/contract';
import { checkFile } from './archive.ts';
import { LOG_KEY } from './key-files.ts';
import { MANIFEST, type Manifest, openManifest, unusable } from './manifest.ts';

export interface OpenedArchives {
  readonly log: { readonly folder: string; readonly manifest: Manifest };
  readonly keys: { readonly folder: string; readonly manifest: Manifest };
  /** The log's public key, which signed both. */
  readonly vkey: string;
}

/**
 * Checks both archives before anything is opened for writing: the signature of each manifest, and every file against it.
 * Throws `log_broken` for whatever is not as it was made.
 */
export async function openArchives(options: {
  readonly log: string;
  readonly keys: string;
  /** The origins of the logs that the configuration names, the main one first. */
  readonly origins: readonly string[];
  /** The state folder; its own key of the log is believed before that of the archive. */
  readonly stateFolder: string;
  /** The log's public key, as it is known from elsewhere. */
  readonly vkey?: string | undefined;
}): Promise<OpenedArchives> {
  const origin = options.origins[0]!;
  const notes = { log: await noteOf('log', options.log), keys: await noteOf('keys', options.keys) };
  const vkey = options.vkey ?? (await vkeyOf(options.stateFolder, options.keys, origin));
  const open = async (archive: 'log' | 'keys') => {
    const folder = options[archive];
    const manifest = openManifest(notes[archive], vkey, join(folder, MANIFEST));
    if (manifest.archive !== archive)
      throw unusable(`${folder} is an archive of ${manifest.archive}, not of ${archive}.`);
    if (manifest.origin !== origin)
      throw unusable(`${folder} is of the log ${manifest.origin}, and the configuration says ${origin}.`);
    const unnamed = manifest.trees.find(({ log }) => !options.origins.includes(log));
    if (unnamed) throw unusable(`${folder} holds the log ${unnamed.log}, which the configuration does not name.`);
    for (const { file } of manifest.tables) await checkFile(folder, file);
    for (const file of manifest.files) await checkFile(folder, file);
    return { folder, manifest };
  };
  const archives = { log: await open('log'), keys: await open('keys'), vkey };
  const [log, keys] = [archives.log.manifest.schema, archives.keys.manifest.schema];
  if (JSON.stringify(log) !== JSON.stringify(keys))
    throw unusable(
      'The two archives are from databases of different schemas. Take an archive of keys from nearer the time.',
    );
  return archives;
}

function noteOf(archive: 'log' | 'keys', folder: string): Promise<string> {
  return readFile(join(folder, MANIFEST), 'utf8').catch((cause: unknown) => {
    throw new PortreeveError('not_found', `${folder} is no backup: it holds no manifest.`, {
      next: `Name the folder of one archive: --${archive} …/bkp_….`,
      cause,
    });
  });
}

async function vkeyOf(stateFolder: string, keysFolder: string, origin: string): Promise<string> {
  const own = await readFile(join(stateFolder, 'keys/log.pem'), 'utf8').catch(() => null);
  const pem = own ?? (await readFile(join(keysFolder, LOG_KEY), 'utf8').catch(() => null));
  try {
    return createNoteSigner({ name: origin, privateKey: createPrivateKey(pem ?? '') }).vkey;
  } catch {
    // An error of the parser may quote the key.
    throw unusable(`${keysFolder} holds no usable key of the log.`);
  }
}
