import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

/**
 * What is signed: a release, a report on one, or where a build of Portreeve comes from (an in-toto statement). The type is
 * part of what is signed, so none passes for another.
 */
export const PAYLOAD_TYPES = {
  release: 'application/vnd.portreeve.release+json',
  report: 'application/vnd.portreeve.release-report+json',
  provenance: 'application/vnd.in-toto+json',
} as const;
export type Sealed = keyof typeof PAYLOAD_TYPES;

export interface Signer {
  readonly id: string;
  readonly key: KeyObject;
}

/** What is signed (DSSE 1.0.2, github.com/secure-systems-lab/dsse): a payload, its type, and signatures over both. */
export const envelopeOf = <S extends Sealed>(what: S) =>
  z.strictObject({
    payloadType: z.literal(PAYLOAD_TYPES[what]),
    /** Base64. */
    payload: z.base64(),
    signatures: z.array(z.strictObject({ keyid: z.string().min(1).max(128), sig: z.base64().max(512) })).max(8),
  });
export type Envelope = z.infer<ReturnType<typeof envelopeOf>>;

/** Signs with Ed25519 (RFC 8032): the same text and key give the same bytes. */
export function seal(what: Sealed, text: string, signer: Signer | null): Envelope {
  const payload = Buffer.from(text, 'utf8');
  const payloadType = PAYLOAD_TYPES[what];
  const signatures =
    signer === null
      ? []
      : [{ keyid: signer.id, sig: sign(null, preAuthentication(payloadType, payload), signer.key).toString('base64') }];
  return { payloadType, payload: payload.toString('base64'), signatures };
}

/** The ids of those keys that signed it, under which the signature holds. */
export function signersOf(envelope: Envelope, keys: ReadonlyMap<string, KeyObject>): string[] {
  const message = preAuthentication(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
  const held = envelope.signatures.flatMap(({ keyid, sig }) => {
    const key = keys.get(keyid);
    return key && verify(null, message, key, Buffer.from(sig, 'base64')) ? [keyid] : [];
  });
  return [...new Set(held)];
}

/** DSSE's PAE: lengths stand before what they measure, so that nothing can be read in two ways. */
function preAuthentication(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `, 'utf8'), payload]);
}
