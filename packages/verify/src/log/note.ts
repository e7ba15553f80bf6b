import { equal, fromBase64, utf8, verifyEd25519 } from './bytes.ts';
import { sha256 } from './sha256.ts';

/** The signature type of plain Ed25519 notes. */
const ED25519 = 1;
/** C2SP asks for at least 16; each costs one verification. */
const SIGNATURES_MAX = 64;
const NOTE_MAX_CHARS = 1024 * 1024;

/** A text that should be a verifier key, and is none. */
export class BadVerifierKey extends TypeError {
  override readonly name = 'BadVerifierKey';
}

interface VerifierKey {
  readonly vkey: string;
  readonly name: string;
  readonly id: Uint8Array;
  readonly key: Uint8Array;
}

export type NoteFault = 'malformed' | 'wrong_key' | 'bad_signature';

export type OpenedNote =
  | {
      readonly ok: true;
      readonly text: string /** The given keys that signed it. */;
      readonly signed_by: readonly string[];
    }
  | { readonly ok: false; readonly fault: NoteFault };

/**
 * Opens a C2SP signed note with verifier keys of type Ed25519. Signatures of unknown keys are passed over; a signature
 * of a given key that is wrong spoils the note; at least one must be right. Throws
 * {@link BadVerifierKey}.
 */
export async function openNote(note: string, vkeys: readonly string[]): Promise<OpenedNote> {
  const keys = vkeys.map(parseVkey);
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || note.length > NOTE_MAX_CHARS || !note.endsWith('\n') || hasControls(note))
    return { ok: false, fault: 'malformed' };
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) return { ok: false, fault: 'malformed' };
  const signedBy: string[] = [];
  for (const line of lines) {
    const [dash, name, encoded, ...rest] = line.split(' ');
    const blob = encoded ? fromBase64(encoded) : null;
    if (dash !== '\u2014' || !name || !isKeyName(name) || !blob || blob.length < 5 || rest.length > 0)
      return { ok: false, fault: 'malformed' };
    const known = keys.find((key) => key.name === name && equal(key.id, blob.subarray(0, 4)));
    if (!known) continue;
    if (!(await verifyEd25519(known.key, blob.subarray(4), utf8(text)))) return { ok: false, fault: 'bad_signature' };
    signedBy.push(known.vkey);
  }
  return signedBy.length > 0 ? { ok: true, text, signed_by: signedBy } : { ok: false, fault: 'wrong_key' };
}

/** Reads a verifier key `<name>+<key id>+<base64>`; throws {@link BadVerifierKey} where it is not one for Ed25519. */
function parseVkey(vkey: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey.trim());
  const typed = match ? fromBase64(match[3]!) : null;
  if (!match || !isKeyName(match[1]!) || typed?.length !== 33 || typed[0] !== ED25519)
    throw new BadVerifierKey('not an Ed25519 verifier key (name+id+base64)');
  const named = utf8(`${match[1]}\n`);
  const bytes = new Uint8Array(named.length + typed.length);
  bytes.set(named);
  bytes.set(typed, named.length);
  const id = sha256(bytes).subarray(0, 4);
  const hex = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== match[2]) throw new BadVerifierKey('the id of the verifier key is not the one of its name and key');
  return { vkey: vkey.trim(), name: match[1]!, id, key: typed.subarray(1) };
}

function isKeyName(name: string): boolean {
  return !/[\s+\p{Z}]/u.test(name);
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return !text.isWellFormed();
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The body of a C2SP tlog-checkpoint; `null` for any other text. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin, size, root, ...rest] = text.split('\n');
  if (!origin || !size || !/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !root || rest.at(-1) !== '') return null;
  if (rest.slice(0, -1).some((line) => line === '')) return null;
  const bytes = fromBase64(root);
  return bytes?.length === 32 && Number.isSafeInteger(Number(size))
    ? { origin, size: Number(size), root: bytes }
    : null;
}
