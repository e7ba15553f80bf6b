import { type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { type Checkpoint, parseCheckpoint } from './checkpoint-text.ts';
import type { Cosigner } from './ports.ts';
import { SIGNATURE_TYPES, type SignatureType, type VerifierKey, vkeyOf } from './vkey.ts';

const LABEL = Buffer.from('subtree/v1\n\0', 'latin1');
const TIMESTAMP_BYTES = 8;

/**
 * A signer of C2SP tlog-cosignatures: Ed25519 (type 0x04) or, with a key of that kind, ML-DSA-44 (type 0x06). Throws a
 * `TypeError` for another key.
 */
export function createCosigner(options: { readonly name: string; readonly privateKey: KeyObject }): Cosigner {
  const { name, privateKey } = options;
  const type = typeOf(privateKey);
  const { id, vkey } = vkeyOf(name, type, privateKey);
  return {
    name,
    vkey,
    cosign(text, time) {
      const seconds = BigInt(Math.floor(time.getTime() / 1000));
      const message = cosignedMessage(type, name, text, seconds);
      if (!message) throw new TypeError('what is cosigned is a checkpoint');
      const blob = Buffer.concat([id, u64(seconds), signBytes(null, message, privateKey)]);
      return `\u2014 ${name} ${blob.toString('base64')}\n`;
    },
  };
}

/** Whether `signature` (a `timestamped_signature`) is one of the key over the checkpoint whose body is `text`. */
export function verifyCosignature(key: VerifierKey, text: string, signature: Buffer): boolean {
  if (signature.length <= TIMESTAMP_BYTES) return false;
  const seconds = signature.readBigUInt64BE(0);
  const message = seconds < 2n ** 63n ? cosignedMessage(key.type, key.name, text, seconds) : null;
  return message !== null && verifyBytes(null, message, key.publicKey, signature.subarray(TIMESTAMP_BYTES));
}

function typeOf(key: KeyObject): SignatureType {
  if (key.type === 'private' && key.asymmetricKeyType === 'ed25519') return SIGNATURE_TYPES.cosignature_ed25519;
  if (key.type === 'private' && key.asymmetricKeyType === 'ml-dsa-44') return SIGNATURE_TYPES.cosignature_ml_dsa_44;
  throw new TypeError('cosignatures are made with an Ed25519 or an ML-DSA-44 private key');
}

/** `null` where the text is no checkpoint, or a name is too long to be signed. */
function cosignedMessage(type: SignatureType, name: string, text: string, seconds: bigint): Buffer | null {
  const checkpoint = parseCheckpoint(text);
  if (!checkpoint) return null;
  if (type === SIGNATURE_TYPES.cosignature_ed25519) return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
  return subtreeMessage(name, checkpoint, seconds);
}

function subtreeMessage(name: string, checkpoint: Checkpoint, seconds: bigint): Buffer | null {
  const [cosigner, origin] = [opaque(name), opaque(checkpoint.origin)];
  if (!cosigner || !origin) return null;
  const whole = [u64(0n), u64(BigInt(checkpoint.size)), checkpoint.root];
  return Buffer.concat([LABEL, cosigner, u64(seconds), origin, ...whole]);
}

/** RFC 8446 section 3.4: a vector of 1 to 255 bytes with its length before it. */
function opaque(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > 0 && bytes.length < 256 ? Buffer.concat([Buffer.of(bytes.length), bytes]) : null;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
