import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ENVIRONMENTS, type EnvironmentName, nameSchema, PortreeveError } from '@portreeve/contract';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { z } from 'zod';
import type { SecretStore } from '../ports.ts';
import { locked } from './lock-folder.ts';
import { SECRET_BYTES_MAX, SecretStoreError } from './store-error.ts';

/** Secrets in files of our own, each encrypted with age (C2SP age-encryption, X25519). */
export interface Keystore extends SecretStore {
  /** Adds a secret or puts another value in its place; calls in flight keep the old one, later ones get the new. */
  set(name: string, value: string): Promise<void>;
  /** Names alone, sorted. */
  list(): Promise<string[]>;
  /** False if there was none of that name. */
  remove(name: string): Promise<boolean>;
  /**
   * Makes a new root identity and encrypts every secret to it; gives how many. The old one opens nothing afterwards. A
   * crash in between loses nothing: both identities stay until all is done, and the next rotation goes on.
   */
  rotate(): Promise<number>;
}

/** What a file holds. Name and environment stand inside, so that a file put in another's place is refused. */
const sealedSchema = z.strictObject({
  v: z.literal(1),
  environment: z.enum(ENVIRONMENTS),
  name: nameSchema,
  value: z.string(),
});

const SUFFIX = '.age';
/** A reader may fall between the two steps of a rotation; it looks again. */
const TRIES = 4;

export function openKeystore(options: {
  readonly folder: string;
  /** The file of the root identity: made at the first `set`, of mode 0600, and refused where others can read it. */
  readonly identityFile: string;
  /** A secret that was set for another environment is refused (requirement B6). */
  readonly environment: EnvironmentName;
}): Keystore {
  const { folder, identityFile, environment } = options;
  const fileOf = (name: string): string => join(folder, nameSchema.parse(name) + SUFFIX);

  return {
    async fetch(name) {
      const file = fileOf(name);
      for (let tries = 1; ; tries++) {
        const sealed = await readFile(file).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw new SecretStoreError(`the file of the secret ${name} cannot be read`);
        });
        if (sealed === null) return null;
        const text = await open(sealed, await identities(identityFile));
        if (text !== null) return { value: readSealed(text, name, environment), lease: null };
        if (tries === TRIES) throw new SecretStoreError(`the secret ${name} is not encrypted to this keystore`);
      }
    },
    renew: () => Promise.reject(new SecretStoreError('the keystore has no leases')),
    revoke: async () => undefined,
    close: async () => undefined,

    async set(name, value) {
      const file = fileOf(name);
      if (value === '' || Buffer.byteLength(value) > SECRET_BYTES_MAX || !value.isWellFormed())
        throw new PortreeveError('bad_request', `A secret is text of 1 to ${SECRET_BYTES_MAX} bytes.`);
      await locked(folder, async () => {
        const [identity = await makeIdentity(identityFile)] = await identities(identityFile);
        await writeWhole(file, await seal(JSON.stringify({ v: 1, environment, name, value }), identity));
      });
    },

    list: () => namesIn(folder),

    async remove(name) {
      const file = fileOf(name);
      return locked(folder, () =>
        unlink(file).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'ENOENT') return false;
            throw error;
          },
        ),
      );
    },

    async rotate() {
      return locked(folder, async () => {
        const old = await identities(identityFile);
        const fresh = await generateX25519Identity();
        await writeWhole(identityFile, [fresh, ...old].map((line) => `${line}\n`).join(''));
        const names = await namesIn(folder);
        for (const name of names) {
          const text = await open(await readFile(fileOf(name)), old);
          if (text === null) throw new SecretStoreError(`the secret ${name} is not encrypted to this keystore`);
          readSealed(text, name, environment);
          await writeWhole(fileOf(name), await seal(text, fresh));
        }
        await writeWhole(identityFile, `${fresh}\n`);
        return names.length;
      });
    },
  };
}

async function namesIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
  return names.filter((name) => nameSchema.safeParse(name).success).sort();
}

/** The root identities, newest first; none where there is no file. */
async function identities(file: string): Promise<string[]> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0)
      throw new PortreeveError('misconfigured', `${file} can be read by others.`, {
        next: `Take the rights away (chmod 600 ${file}), and rotate: others may have copied it.`,
      });
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').filter((line) => line.startsWith('AGE-SECRET-KEY-1'));
}

async function makeIdentity(file: string): Promise<string> {
  const identity = await generateX25519Identity();
  await writeWhole(file, `${identity}\n`);
  return identity;
}

async function seal(text: string, identity: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return encrypter.encrypt(text);
}

/** The text, or `null` where none of the identities opens it. */
async function open(sealed: Uint8Array, identities: readonly string[]): Promise<string | null> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  // The library's error may quote the file; whichever it is, nothing can be read.
  return decrypter.decrypt(sealed, 'text').catch(() => null);
}

function readSealed(text: string, name: string, environment: EnvironmentName): string {
  let sealed: z.infer<typeof sealedSchema>;
  try {
    sealed = sealedSchema.parse(JSON.parse(text));
  } catch {
    throw new SecretStoreError(`the secret ${name} is damaged`);
  }
  if (sealed.name !== name) throw new SecretStoreError(`the file of the secret ${name} holds another one`);
  if (sealed.environment !== environment)
    throw new SecretStoreError(`the secret ${name} was set for ${sealed.environment} and not for ${environment}`);
  return sealed.value;
}

/** A file of mode 0600 that a crash leaves as it was or complete; readers see one or the other. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, content, { mode: 0o600, flush: true });
  await rename(fresh, path);
}
