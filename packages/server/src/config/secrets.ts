import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameSchema } from '@portreeve/contract';

export interface SecretFolder {
  /** The secret, or null where there is none of that name. Read anew for each use. */
  read(name: string): Promise<string | null>;
  /** Writes a secret of mode 0600. */
  write(name: string, value: string): Promise<void>;
}

/** Secrets as files of the state folder, one a name: for a laptop. Other stores come behind the same two methods. */
export function secretFolder(stateFolder: string): SecretFolder {
  const folder = join(stateFolder, 'secrets');
  return {
    async read(name) {
      const file = join(folder, nameSchema.parse(name));
      return readFile(file, 'utf8').then(
        (text) => text.trim(),
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw error;
        },
      );
    },
    async write(name, value) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, nameSchema.parse(name)), value, { mode: 0o600 });
    },
  };
}
