import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Keys {
  /** Signs checkpoints. Ed25519. */
  readonly log: KeyObject;
  /** Signs grants. Ed25519. */
  readonly grant: KeyObject;
  /** Keys the redaction tokens: the same secret gets the same token in this installation alone. */
  readonly redaction: Buffer;
  /** Which were made just now, to be recorded. */
  readonly created: readonly { purpose: string; key_id: string; public_key: string }[];
}

/** Reads the keys of this installation, making at first start what is missing. Files of mode 0600. */
export async function loadKeys(stateFolder: string): Promise<Keys> {
  const folder = join(stateFolder, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const created: { purpose: string; key_id: string; public_key: string }[] = [];

  const signing = async (purpose: string): Promise<KeyObject> => {
    const [pem, fresh] = await readOrMake(join(folder, `${purpose}.pem`), () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    const key = createPrivateKey(pem);
    if (fresh) {
      const { x } = createPublicKey(key).export({ format: 'jwk' });
      created.push({ purpose, key_id: keyId(key), public_key: x ?? '' });
    }
    return key;
  };

  const log = await signing('log');
  const grant = await signing('grant');
  const [redaction] = await readOrMake(join(folder, 'redaction.key'), () => randomBytes(32).toString('base64url'));
  return { log, grant, redaction: Buffer.from(redaction, 'base64url'), created };
}

/** A short name for a public key: the first 12 characters of its base64url form. */
export function keyId(key: KeyObject): string {
  return (createPublicKey(key).export({ format: 'jwk' }).x ?? '').slice(0, 12);
}

async function readOrMake(path: string, make: () => string): Promise<[text: string, fresh: boolean]> {
  try {
    await writeFile(path, make(), { flag: 'wx', mode: 0o600 });
    return [await readFile(path, 'utf8'), true];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return [await readFile(path, 'utf8'), false];
  }
}
