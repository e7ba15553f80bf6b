import { createPublicKey, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { sha256 } from './merkle.ts';
import type { NoteSigner } from './ports.ts';

/** C2SP signed-note: a signature of type 1 is Ed25519 over the text. */
const ED25519 = 1;
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * A signer of C2SP signed notes with Ed25519. `name` should be the log's origin; it holds neither spaces nor `+`.
 */
export function createNoteSigner(options: { name: string; privateKey: KeyObject }): NoteSigner {
  const { name, privateKey } = options;
  if (!/^[^\s+\p{C}]+$/u.test(name)) throw new TypeError('a key name holds no space, no + and no control character');
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519')
    throw new TypeError('notes are signed with an Ed25519 private key');
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const typed = Buffer.concat([Buffer.of(ED25519), Buffer.from(x!, 'base64url')]);
  const id = keyId(name, typed);
  return {
    name,
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    sign(text) {
      assertNoteText(text);
      const blob = Buffer.concat([id, signBytes(null, Buffer.from(text, 'utf8'), privateKey)]);
      return `${text}\n\u2014 ${name} ${blob.toString('base64')}\n`;
    },
  };
}

function keyId(name: string, typed: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typed])).subarray(0, 4);
}

function assertNoteText(text: string): void {
  const control = [...text].some((char) => char < ' ' && char !== '\n');
  if (!text.endsWith('\n') || control || !text.isWellFormed())
    throw new TypeError('the text of a note ends in a newline and holds no other control character');
}

export type NoteFault = 'malformed' | 'wrong_key' | 'bad_signature';

/** The text of a note if one of the keys signed it and none of their signatures is wrong; else what is wrong. */
export function openNote(note: string, vkeys: readonly string[]): { text: string } | { fault: NoteFault } {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return { fault: 'malformed' };
  const text = note.slice(0, split + 1);
  const keys = vkeys.map(parseVkey);
  let signed = false;
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const match = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    if (!match) return { fault: 'malformed' };
    const blob = Buffer.from(match[2]!, 'base64');
    const key = keys.find((known) => known.name === match[1] && known.id.equals(blob.subarray(0, 4)));
    if (!key) continue;
    if (!verifyBytes(null, Buffer.from(text, 'utf8'), key.publicKey, blob.subarray(4)))
      return { fault: 'bad_signature' };
    signed = true;
  }
  return signed ? { text } : { fault: 'wrong_key' };
}

function parseVkey(vkey: string): { name: string; id: Buffer; publicKey: KeyObject } {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(vkey);
  const typed = Buffer.from(match?.[3] ?? '', 'base64');
  if (!match || typed.length !== 33 || typed[0] !== ED25519 || keyId(match[1]!, typed).toString('hex') !== match[2])
    throw new TypeError('not an Ed25519 verifier key');
  const der = Buffer.concat([SPKI_PREFIX, typed.subarray(1)]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return { name: match[1]!, id: Buffer.from(match[2]!, 'hex'), publicKey };
}

/** The body of a C2SP tlog-checkpoint. */
export function checkpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${Buffer.from(checkpoint.root).toString('base64')}\n`;
}

/** Reads the body of a checkpoint; `null` where it is not one. Extension lines are passed over. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin, size, root, ...rest] = text.split('\n');
  if (!origin || !size || !root || !/^(0|[1-9][0-9]{0,15})$/.test(size) || rest.at(-1) !== '') return null;
  const bytes = Buffer.from(root, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== root) return null;
  return { origin, size: Number(size), root: bytes };
}
