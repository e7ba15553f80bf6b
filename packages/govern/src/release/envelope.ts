import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

/** What is signed (DSSE 1.0.2, github.com/secure-systems-lab/dsse): a payload, its type, and signatures over both. */
export const envelopeSchema = z.strictObject({
  payloadType: z.literal('application/vnd.portreeve.release+json'),
  /** Base64. */
  payload: z.base64(),
  signatures: z.array(z.strictObject({ keyid: z.string().min(1).max(128), sig: z.base64().max(512) })).max(8),
});
export type Envelope = z.infer<typeof envelopeSchema>;

const TYPE = 'application/vnd.portreeve.release+json';

/** Signs with Ed25519 (RFC 8032): the same text and key give the same bytes. */
export function seal(text: string, signer: { readonly id: string; readonly key: KeyObject } | null): Envelope {
  const payload = Buffer.from(text, 'utf8');
  const signatures =
    signer === null
      ? []
      : [{ keyid: signer.id, sig: sign(null, preAuthentication(payload), signer.key).toString('base64') }];
  return { payloadType: TYPE, payload: payload.toString('base64'), signatures };
}

/** The ids of those keys that signed it, under which the signature holds. */
export function signersOf(envelope: Envelope, keys: ReadonlyMap<string, KeyObject>): string[] {
  const message = preAuthentication(Buffer.from(envelope.payload, 'base64'));
  return envelope.signatures.flatMap(({ keyid, sig }) => {
    const key = keys.get(keyid);
    return key && verify(null, message, key, Buffer.from(sig, 'base64')) ? [keyid] : [];
  });
}

/** DSSE's PAE: lengths stand before what they measure, so that nothing can be read in two ways. */
function preAuthentication(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(TYPE)} ${TYPE} ${payload.length} `, 'utf8'), payload]);
}
