import { type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { verifyCosignature } from './cosignature.ts';
import type { NoteSigner } from './ports.ts';
import { parseVkey, SIGNATURE_TYPES, type VerifierKey, vkeyOf } from './vkey.ts';

/**
 * A signer of C2SP signed notes with Ed25519. `name` should be the log's origin; it holds neither spaces nor `+`.
 */
export function createNoteSigner(options: { name: string; privateKey: KeyObject }): NoteSigner {
  const { name, privateKey } = options;
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519')
    throw new TypeError('notes are signed with an Ed25519 private key');
  const { id, vkey } = vkeyOf(name, SIGNATURE_TYPES.note_ed25519, privateKey);
  return {
    name,
    vkey,
    sign(text) {
      assertNoteText(text);
      const blob = Buffer.concat([id, signBytes(null, Buffer.from(text, 'utf8'), privateKey)]);
      return `${text}\n\u2014 ${name} ${blob.toString('base64')}\n`;
    },
  };
}

function assertNoteText(text: string): void {
  const control = [...text].some((char) => char < ' ' && char !== '\n');
  if (!text.endsWith('\n') || control || !text.isWellFormed())
    throw new TypeError('the text of a note ends in a newline and holds no other control character');
}

export type NoteFault = 'malformed' | 'wrong_key' | 'bad_signature';

export interface OpenedNote {
  readonly text: string;
  /** Those of the given keys whose signature it carries. */
  readonly signed_by: readonly string[];
}

/** A note if one of the keys signed it and none of their signatures is wrong; else what is wrong. */
export function openNote(note: string, vkeys: readonly string[]): OpenedNote | { fault: NoteFault } {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return { fault: 'malformed' };
  const text = note.slice(0, split + 1);
  const keys = vkeys.map(knownKey);
  const signedBy: string[] = [];
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const signature = parseSignature(line);
    if (!signature) return { fault: 'malformed' };
    const key = keys.find(({ name, id }) => name === signature.name && id.equals(signature.id));
    if (!key) continue;
    if (!isSignatureOf(key, text, signature.bytes)) return { fault: 'bad_signature' };
    signedBy.push(key.vkey);
  }
  return signedBy.length > 0 ? { text, signed_by: signedBy } : { fault: 'wrong_key' };
}

/** Keys are few and are asked for each checkpoint again. */
const known = new Map<string, VerifierKey>();

function knownKey(vkey: string): VerifierKey {
  const found = known.get(vkey) ?? parseVkey(vkey);
  if (known.size < 1000) known.set(vkey, found);
  return found;
}

/** One signature line, without its newline; `null` for any other text. */
export function parseSignature(line: string): { name: string; id: Buffer; bytes: Buffer } | null {
  const match = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
  const blob = Buffer.from(match?.[2] ?? '', 'base64');
  return match && blob.length > 4 ? { name: match[1]!, id: blob.subarray(0, 4), bytes: blob.subarray(4) } : null;
}

/** Whether the bytes of a signature line are those of this key over the text. */
export function isSignatureOf(key: VerifierKey, text: string, bytes: Buffer): boolean {
  return key.type === SIGNATURE_TYPES.note_ed25519
    ? verifyBytes(null, Buffer.from(text, 'utf8'), key.publicKey, bytes)
    : verifyCosignature(key, text, bytes);
}
