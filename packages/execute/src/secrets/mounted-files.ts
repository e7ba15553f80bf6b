import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { nameSchema } from '@portreeve/contract';
import type { SecretStore } from '../ports.ts';
import { SECRET_BYTES_MAX, SecretStoreError } from './store-error.ts';

/** How often a file that vanished while it was looked for is looked for again. */
const TRIES = 5;

/**
 * Secrets as files of a folder, as Kubernetes mounts them (also the CSI secrets store, Docker and systemd credentials):
 * one file a name. Kubernetes swaps the whole folder behind the symbolic link `..data`, so each fetch goes the way from
 * the folder anew. One line end at the end of a file does not belong to the secret.
 */
export function mountedFiles(options: { readonly folder: string }): SecretStore {
  return {
    async fetch(name) {
      const file = join(options.folder, nameSchema.parse(name));
      const value = await read(file, name);
      return value === null ? null : { value: value.replace(/\r?\n$/, ''), lease: null };
    },
    renew: () => Promise.reject(new SecretStoreError('a mounted file has no lease')),
    revoke: async () => undefined,
    close: async () => undefined,
  };
}

async function read(file: string, name: string): Promise<string | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await readOnce(file, name);
    } catch (error) {
      if (error instanceof SecretStoreError) throw error;
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new SecretStoreError(`the file of the secret ${name} cannot be read`);
      // Between two looks at the path the folder behind `..data` may have been exchanged and the old one removed.
      if (tries === TRIES) return null;
    }
  }
}

async function readOnce(path: string, name: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: Number.POSITIVE_INFINITY }));
    if (size > SECRET_BYTES_MAX)
      throw new SecretStoreError(`the secret ${name} is no file of at most ${SECRET_BYTES_MAX} bytes`);
    const buffer = Buffer.alloc(SECRET_BYTES_MAX + 1);
    let bytes = 0;
    for (let more = -1; more !== 0 && bytes <= SECRET_BYTES_MAX; bytes += more)
      more = (await file.read(buffer, bytes, buffer.length - bytes)).bytesRead;
    if (bytes > SECRET_BYTES_MAX)
      throw new SecretStoreError(`the secret ${name} has more than ${SECRET_BYTES_MAX} bytes`);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer.subarray(0, bytes));
    } catch {
      throw new SecretStoreError(`the secret ${name} is not UTF-8`);
    } finally {
      buffer.fill(0);
    }
  } finally {
    await file?.close();
  }
}
