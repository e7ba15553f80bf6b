import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortreeveError } from '@portreeve/contract';
import { thumbprintOf } from '@portreeve/execute';
import { writeWhole } from './write-whole.ts';

const SECRET_KEY_BYTES = 32;
/** Of the base64url form of a public key, for its short name. */
const KEY_ID_CHARS = 12;

type Created = readonly { purpose: string; key_id: string; public_key: string }[];

export interface Keys {
  /** Signs checkpoints. Ed25519. */
  readonly log: KeyObject;
  /** Cosigns them, for those who do not trust Ed25519 any more. ML-DSA-44. */
  readonly log_ml_dsa: KeyObject;
  /** Signs grants. Ed25519. */
  readonly grant: KeyObject;
  /** The executor's own, Ed25519: it proves to a downstream who uses a grant. Null where executors run apart. */
  readonly executor: KeyObject | null;
  /** Keys the redaction tokens: the same secret gets the same token in this installation alone. */
  readonly redaction: Buffer;
  /** Makes pseudonyms, and seals what they stand for. 32 bytes. */
  readonly pseudonyms: Buffer;
  /** Which were made just now, to be recorded. */
  readonly created: Created;
}

/**
 * Reads the keys of this installation, making at first start what is missing. Files of mode 0600. Throws `misconfigured`
 * for one that is not usable: a new key in its place would break with all that the old one signed.
 */
export async function loadKeys(stateFolder: string, executor: 'here' | 'apart' = 'here'): Promise<Keys> {
  const { signing, secret, created } = await keyFolder(stateFolder);
  return {
    log: await signing('log'),
    log_ml_dsa: await signing('log-ml-dsa', 'ml-dsa-44'),
    grant: await signing('grant'),
    executor: executor === 'here' ? await signing('executor') : null,
    redaction: await secret('redaction'),
    pseudonyms: await secret('pseudonyms'),
    created,
  };
}

/** What an executor that runs apart holds: its own key, and no key that signs grants or the log. */
export interface ExecutorKeys {
  readonly executor: KeyObject;
  readonly redaction: Buffer;
}

/** What a reasoner that runs apart holds: no key that signs anything. */
export type ReasonerKeys = Pick<Keys, 'redaction' | 'pseudonyms'>;

/** What an api that runs apart holds: the installation's key of marks and tokens, and no key that signs. */
export type ApiKeys = Pick<Keys, 'redaction'>;

const GATEKEEPERS = ['grant.pem', 'log.pem', 'log-ml-dsa.pem', 'release.pem'];

/** Throws `misconfigured` for a state folder that holds a key of the gatekeeper's (requirement F7). */
export async function loadExecutorKeys(stateFolder: string): Promise<ExecutorKeys> {
  const { signing, secret, names } = await keyFolder(stateFolder);
  assertNoneOf([...GATEKEEPERS, 'pseudonyms.key'], await names(), stateFolder, 'an executor');
  return { executor: await signing('executor'), redaction: await secret('redaction') };
}

/** Throws `misconfigured` for a state folder that holds a key of the gatekeeper's or an executor's (requirement J2). */
export async function loadReasonerKeys(stateFolder: string): Promise<ReasonerKeys> {
  const { secret, names } = await keyFolder(stateFolder);
  assertNoneOf([...GATEKEEPERS, 'executor.pem'], await names(), stateFolder, 'a reasoner');
  return { redaction: await secret('redaction'), pseudonyms: await secret('pseudonyms') };
}

/**
 * Throws `misconfigured` for a state folder that holds a key of another role's, or has not the key by which words and
 * names are found (requirement J2): it is the gatekeeper's own, for what one files the other must find.
 */
export async function loadApiKeys(stateFolder: string): Promise<ApiKeys> {
  const { secret, names } = await keyFolder(stateFolder);
  const present = await names();
  assertNoneOf([...GATEKEEPERS, 'executor.pem', 'pseudonyms.key'], present, stateFolder, 'an api');
  if (!present.includes('redaction.key'))
    throw new PortreeveError('misconfigured', `There is no redaction.key in ${join(stateFolder, 'keys')}.`, {
      next: 'Copy keys/redaction.key of the gatekeeper there, and none of its other keys.',
    });
  return { redaction: await secret('redaction') };
}

/** Tells two keys of marks apart, and tells neither. */
export const redactionMark = (key: Buffer): string =>
  createHmac('sha256', key).update('portreeve redaction key v1').digest('base64url');

function assertNoneOf(foreign: readonly string[], present: readonly string[], stateFolder: string, one: string): void {
  const found = present.find((name) => foreign.includes(name));
  if (found === undefined) return;
  throw new PortreeveError('misconfigured', `${join(stateFolder, 'keys', found)} is not for ${one}.`, {
    next: `Give ${one} a state folder of its own, which no other role has used.`,
  });
}

/** Makes at first use, and then reads, the keys of a folder. */
async function keyFolder(stateFolder: string) {
  const folder = join(stateFolder, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const created: { purpose: string; key_id: string; public_key: string }[] = [];
  return {
    created,
    names: () => readdir(folder),
    async signing(purpose: string, kind: KeyKind = 'ed25519'): Promise<KeyObject> {
      const path = join(folder, `${purpose}.pem`);
      const [pem, fresh] = await readOrMake(path, () =>
        makeKey(kind).export({ type: 'pkcs8', format: 'pem' }).toString(),
      );
      const key = parsePrivateKey(pem, path, kind);
      if (fresh) created.push({ purpose, key_id: keyId(key), public_key: publicText(key) });
      return key;
    },
    async secret(purpose: string): Promise<Buffer> {
      const path = join(folder, `${purpose}.key`);
      const [text] = await readOrMake(path, () => randomBytes(SECRET_KEY_BYTES).toString('base64url'));
      const key = Buffer.from(text.toString('latin1'), 'base64url');
      text.fill(0);
      if (key.length !== SECRET_KEY_BYTES) throw unusable(path);
      return key;
    },
  };
}

/** The thumbprint of the executor's key of a state folder (RFC 7638), which is made if it is not there yet. */
export async function executorThumbprint(stateFolder: string): Promise<string> {
  return thumbprintOf(await (await keyFolder(stateFolder)).signing('executor'));
}

/** The public key that checks the grants of a gatekeeper with this state folder: the `x` of its JWK (RFC 8037). */
export async function grantKey(stateFolder: string): Promise<string> {
  const path = join(stateFolder, 'keys', 'grant.pem');
  const pem = await readFile(path).catch((cause: unknown) => {
    throw new PortreeveError('not_found', `There is no key for grants in ${stateFolder}.`, {
      next: 'Start the gatekeeper on that state folder once: it makes its keys, and puts that on record.',
      cause,
    });
  });
  return publicText(parsePrivateKey(pem, path, 'ed25519'));
}

/** The keys of gatekeepers, each by its `x`, as a set of JWKs; an id is made as {@link keyId} makes it. */
export const grantKeySet = (grant_keys: readonly string[]) => ({
  keys: grant_keys.map((x) => ({
    ...{ kty: 'OKP', crv: 'Ed25519', x, kid: x.slice(0, KEY_ID_CHARS), alg: 'EdDSA', use: 'sig' },
  })),
});

/** What signs releases built with this state folder: Ed25519, made at first. It is apart from all that a server holds. */
export async function releaseSigner(stateFolder: string): Promise<{ readonly id: string; readonly key: KeyObject }> {
  const key = await (await keyFolder(stateFolder)).signing('release');
  return { id: keyId(key), key };
}

/** The public key that checks releases built with this state folder: the `x` of its JWK (RFC 8037). */
export async function releasePublicKey(stateFolder: string): Promise<string> {
  return publicText((await releaseSigner(stateFolder)).key);
}

/** Public keys by their short names, from the `x` of each. Throws `misconfigured` for what is no key of Ed25519. */
export function publicKeysByName(keys: readonly string[]): ReadonlyMap<string, KeyObject> {
  return new Map(
    keys.map((x) => {
      try {
        const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
        return [x.slice(0, KEY_ID_CHARS), key];
      } catch {
        throw new PortreeveError('misconfigured', `${x.slice(0, 60)} is no public key of Ed25519.`, {
          next: 'Give the 43 characters that `portreeve keys release` prints.',
        });
      }
    }),
  );
}

/** The public key's bytes in base64url: the `x` (RFC 8037) or `pub` of its JWK. */
export function publicText(key: KeyObject): string {
  const { x, pub } = createPublicKey(key).export({ format: 'jwk' }) as { x?: string; pub?: string };
  return x ?? pub ?? '';
}

/** A short name for a public key: the first 12 characters of its base64url form. */
export function keyId(key: KeyObject): string {
  return publicText(key).slice(0, KEY_ID_CHARS);
}

type KeyKind = 'ed25519' | 'ml-dsa-44';

function makeKey(kind: KeyKind): KeyObject {
  return kind === 'ed25519' ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ml-dsa-44').privateKey;
}

/** The state folder is held by this process alone, so nobody makes the same key meanwhile. */
async function readOrMake(path: string, make: () => string): Promise<[text: Buffer, fresh: boolean]> {
  try {
    return [await readFile(path), false];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = make();
  await writeWhole(path, text);
  return [Buffer.from(text), true];
}

/** What was read is wiped: from now on the key lies in OpenSSL's memory, which JavaScript does not see. */
function parsePrivateKey(pem: Buffer, path: string, kind: KeyKind): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === kind) return key;
  } catch {
    // An error of the parser may quote the key.
  } finally {
    pem.fill(0);
  }
  throw unusable(path);
}

function unusable(path: string): PortreeveError {
  return new PortreeveError('misconfigured', `${path} holds no usable key.`, {
    next: 'Restore the file from a backup (on an api apart: copy redaction.key of its gatekeeper); a new key would not fit what was signed and marked by the old one.',
  });
}
