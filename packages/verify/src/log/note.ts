import { equal, fromBase64, utf8, verifyEd25519, verifyMlDsa44 } from './bytes.ts';
import { cosignedMessage, TIMESTAMP_BYTES } from './cosignature.ts';
import { sha256 } from './sha256.ts';

/** Signature types of C2SP signed-note and tlog-cosignature, and the bytes of their public keys. */
const KINDS = {
  1: { kind: 'note', bytes: 32 },
  4: { kind: 'ed25519', bytes: 32 },
  6: { kind: 'ml-dsa-44', bytes: 1312 },
} as const;
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
  /** `note`: Ed25519 over the text; the others are cosignatures of checkpoints. */
  readonly kind: (typeof KINDS)[keyof typeof KINDS]['kind'];
  readonly key: Uint8Array;
}

export type NoteFault = 'malformed' | 'wrong_key' | 'bad_signature' | 'no_quorum';

export type OpenedNote =
  | {
      readonly ok: true;
      readonly text: string /** The given keys that signed it. */;
      readonly signed_by: readonly string[];
    }
  | { readonly ok: false; readonly fault: NoteFault };

/**
 * Opens a C2SP signed note with verifier keys for notes (Ed25519) and cosignatures (Ed25519, ML-DSA-44). Signatures of unknown keys are passed over; a signature
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
    if (!(await isSignatureOf(known, blob.subarray(4), text))) return { ok: false, fault: 'bad_signature' };
    signedBy.push(known.vkey);
  }
  return signedBy.length > 0 ? { ok: true, text, signed_by: signedBy } : { ok: false, fault: 'wrong_key' };
}

async function isSignatureOf({ kind, name, key }: VerifierKey, signature: Uint8Array, text: string): Promise<boolean> {
  if (kind === 'note') return verifyEd25519(key, signature, utf8(text));
  if (signature.length <= TIMESTAMP_BYTES) return false;
  const message = cosignedMessage(kind, name, signature.slice(0, TIMESTAMP_BYTES), text);
  if (!message) return false;
  const verify = kind === 'ed25519' ? verifyEd25519 : verifyMlDsa44;
  return verify(key, signature.subarray(TIMESTAMP_BYTES), message);
}

/** Reads a verifier key `<name>+<key id>+<base64>`; throws {@link BadVerifierKey} where it is not one of the kinds above. */
export function parseVkey(vkey: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey.trim());
  const typed = match ? fromBase64(match[3]!) : null;
  const known = KINDS[typed?.[0] as keyof typeof KINDS];
  if (!match || !isKeyName(match[1]!) || !typed || !known || typed.length !== known.bytes + 1)
    throw new BadVerifierKey('not a verifier key (name+id+base64) for Ed25519 or ML-DSA-44');
  const named = utf8(`${match[1]}\n`);
  const bytes = new Uint8Array(named.length + typed.length);
  bytes.set(named);
  bytes.set(typed, named.length);
  const id = sha256(bytes).subarray(0, 4);
  const hex = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== match[2]) throw new BadVerifierKey('the id of the verifier key is not the one of its name and key');
  return { vkey: vkey.trim(), name: match[1]!, id, kind: known.kind, key: typed.subarray(1) };
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

export { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
