import { createPublicKey, type KeyObject } from 'node:crypto';
import { sha256 } from './merkle.ts';

/** Signature types of C2SP signed-note and tlog-cosignature that are spoken here. */
export const SIGNATURE_TYPES = { note_ed25519: 1, cosignature_ed25519: 4, cosignature_ml_dsa_44: 6 } as const;
export type SignatureType = (typeof SIGNATURE_TYPES)[keyof typeof SIGNATURE_TYPES];

const ED25519_BYTES = 32;
const ML_DSA_44_BYTES = 1312;

export interface VerifierKey {
  readonly vkey: string;
  readonly name: string;
  readonly type: SignatureType;
  readonly id: Buffer;
  readonly publicKey: KeyObject;
}

/** Whether a text can name a key: it is not empty and holds neither a space nor `+` nor a control character. */
function isKeyName(name: string): boolean {
  return /^[^\s+\p{C}]+$/u.test(name);
}

/** The verifier key `<name>+<key id>+<base64>` (C2SP signed-note) of a key pair's public half. */
export function vkeyOf(
  name: string,
  type: SignatureType,
  key: KeyObject,
): { readonly id: Buffer; readonly vkey: string } {
  if (!isKeyName(name)) throw new TypeError('a key name holds no space, no + and no control character');
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const raw = type === SIGNATURE_TYPES.cosignature_ml_dsa_44 ? (jwk.pub as string) : jwk.x!;
  const typed = Buffer.concat([Buffer.of(type), Buffer.from(raw, 'base64url')]);
  const id = keyId(name, typed);
  return { id, vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}` };
}

/** Reads a verifier key; throws a `TypeError` for a text that is none, or none of the {@link SIGNATURE_TYPES}. */
export function parseVkey(vkey: string): VerifierKey {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(vkey);
  const typed = Buffer.from(match?.[3] ?? '', 'base64');
  const type = Object.values(SIGNATURE_TYPES).find((known) => known === typed[0]);
  const bytes = type === SIGNATURE_TYPES.cosignature_ml_dsa_44 ? ML_DSA_44_BYTES : ED25519_BYTES;
  if (!match || type === undefined || typed.length !== bytes + 1) throw new TypeError('not a verifier key');
  const name = match[1]!;
  const id = keyId(name, typed);
  if (id.toString('hex') !== match[2])
    throw new TypeError('the id of the verifier key is not the one of its name and key');
  const raw = typed.subarray(1).toString('base64url');
  const jwk =
    type === SIGNATURE_TYPES.cosignature_ml_dsa_44
      ? { kty: 'AKP', alg: 'ML-DSA-44', pub: raw }
      : { kty: 'OKP', crv: 'Ed25519', x: raw };
  return { vkey, name, type, id, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) };
}

function keyId(name: string, typed: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typed])).subarray(0, 4);
}
