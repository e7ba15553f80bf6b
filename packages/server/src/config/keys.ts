import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortreeveError } from '@portreeve/contract';
import { writeWhole } from './write-whole.ts';

const SECRET_KEY_BYTES = 32;

export interface Keys {
  /** Signs checkpoints. Ed25519. */
  readonly log: KeyObject;
  /** Cosigns them, for those who do not trust Ed25519 any more. ML-DSA-44. */
  readonly log_ml_dsa: KeyObject;
  /** Signs grants. Ed25519. */
  readonly grant: KeyObject;
  /** The executor's own: it proves to a downstream that a grant came from who may use it. Ed25519. */
  readonly executor: KeyObject;
  /** Keys the redaction tokens: the same secret gets the same token in this installation alone. */
  readonly redaction: Buffer;
  /** Makes pseudonyms, and seals what they stand for. 32 bytes. */
  readonly pseudonyms: Buffer;
  /** Which were made just now, to be recorded. */
  readonly created: readonly { purpose: string; key_id: string; public_key: string }[];
}

/**
 * Reads the keys of this installation, making at first start what is missing. Files of mode 0600. Throws `misconfigured`
 * for one that is not usable: a new key in its place would break with all that the old one signed.
 */
export async function loadKeys(stateFolder: string): Promise<Keys> {
  const folder = join(stateFolder, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const created: { purpose: string; key_id: string; public_key: string }[] = [];

  const signing = async (purpose: string, kind: KeyKind = 'ed25519'): Promise<KeyObject> => {
    const path = join(folder, `${purpose}.pem`);
    const [pem, fresh] = await readOrMake(path, () =>
      makeKey(kind).export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    const key = parsePrivateKey(pem, path, kind);
    if (fresh) created.push({ purpose, key_id: keyId(key), public_key: publicHalf(key) });
    return key;
  };

  const log = await signing('log');
  const log_ml_dsa = await signing('log-ml-dsa', 'ml-dsa-44');
  const grant = await signing('grant');
  const executor = await signing('executor');
  const secret = async (purpose: string): Promise<Buffer> => {
    const path = join(folder, `${purpose}.key`);
    const [text] = await readOrMake(path, () => randomBytes(SECRET_KEY_BYTES).toString('base64url'));
    const key = Buffer.from(text, 'base64url');
    if (key.length !== SECRET_KEY_BYTES) throw unusable(path);
    return key;
  };
  const redaction = await secret('redaction');
  const pseudonyms = await secret('pseudonyms');
  return { log, log_ml_dsa, grant, executor, redaction, pseudonyms, created };
}

/** A short name for a public key: the first 12 characters of its base64url form. */
export function keyId(key: KeyObject): string {
  return publicHalf(key).slice(0, 12);
}

type KeyKind = 'ed25519' | 'ml-dsa-44';

function makeKey(kind: KeyKind): KeyObject {
  return kind === 'ed25519' ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ml-dsa-44').privateKey;
}

/** The public key's bytes in base64url. */
function publicHalf(key: KeyObject): string {
  const { x, pub } = createPublicKey(key).export({ format: 'jwk' }) as { x?: string; pub?: string };
  return x ?? pub ?? '';
}

/** The state folder is held by this process alone, so nobody makes the same key meanwhile. */
async function readOrMake(path: string, make: () => string): Promise<[text: string, fresh: boolean]> {
  try {
    return [await readFile(path, 'utf8'), false];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = make();
  await writeWhole(path, text);
  return [text, true];
}

function parsePrivateKey(pem: string, path: string, kind: KeyKind): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === kind) return key;
  } catch {
    // An error of the parser may quote the key.
  }
  throw unusable(path);
}

function unusable(path: string): PortreeveError {
  return new PortreeveError('misconfigured', `${path} holds no usable key.`, {
    next: 'Restore the file from a backup; a new key would not fit what the old one has signed.',
  });
}
