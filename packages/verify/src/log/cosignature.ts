import { utf8 } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';

const LABEL = utf8('subtree/v1\n\0');
export const TIMESTAMP_BYTES = 8;

/**
 * The bytes that a C2SP tlog-cosignature signs over the checkpoint with this body; `null` where it is no checkpoint, or a
 * name is longer than 255 bytes. `timestamp`: seconds since 1970, 8 bytes big-endian, as they stand in the signature.
 */
export function cosignedMessage(
  kind: 'ed25519' | 'ml-dsa-44',
  name: string,
  timestamp: Uint8Array,
  text: string,
): Uint8Array | null {
  const checkpoint = parseCheckpoint(text);
  const seconds = new DataView(timestamp.buffer, timestamp.byteOffset).getBigUint64(0);
  if (!checkpoint || seconds >= 2n ** 63n) return null;
  if (kind === 'ed25519') return utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
  const [cosigner, origin] = [utf8(name), utf8(checkpoint.origin)];
  if (cosigner.length > 255 || origin.length > 255) return null;
  return join(
    ...[LABEL, Uint8Array.of(cosigner.length), cosigner, timestamp, Uint8Array.of(origin.length), origin],
    ...[u64(0n), u64(BigInt(checkpoint.size)), checkpoint.root],
  );
}

export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
