import { createHash, generateKeyPairSync, sign } from 'node:crypto';

/** A witness's key and its cosignatures, made from the specification alone. */
export function cosigner(name: string, kind: 'ed25519' | 'ml-dsa-44' = 'ml-dsa-44') {
  const { privateKey, publicKey } = generateKeyPairSync(kind as 'ed25519');
  const { x, pub } = publicKey.export({ format: 'jwk' }) as { x?: string; pub?: string };
  const typed = Buffer.concat([Buffer.of(kind === 'ed25519' ? 4 : 6), Buffer.from((x ?? pub)!, 'base64url')]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  return {
    name,
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    /** The line for a note. */
    line(note: string, seconds = 1_700_000_000n): string {
      const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
      const [origin, size, root] = text.split('\n');
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(seconds);
      const end = Buffer.alloc(8);
      end.writeBigUInt64BE(BigInt(size!));
      const message =
        kind === 'ed25519'
          ? Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)
          : Buffer.concat([
              ...[Buffer.from('subtree/v1\n\0'), Buffer.of(name.length), Buffer.from(name), time],
              ...[Buffer.of(origin!.length), Buffer.from(origin!), Buffer.alloc(8), end, Buffer.from(root!, 'base64')],
            ]);
      return `\u2014 ${name} ${Buffer.concat([id, time, sign(null, message, privateKey)]).toString('base64')}\n`;
    },
  };
}
