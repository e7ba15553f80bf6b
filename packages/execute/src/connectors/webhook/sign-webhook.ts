import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { NotSendable } from '../ending.ts';

/** PKCS #8 around a raw Ed25519 seed (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The `webhook-signature` of one message by Standard Webhooks 1.0: HMAC-SHA256 (`v1`) for each `whsec_…`, Ed25519
 * (`v1a`) for each `whsk_…`. Two secrets, separated by a space, sign both while one is exchanged for the other. Throws
 * {@link NotSendable} for what is no secret of this kind, without saying what it is.
 */
export function webhookSignature(
  message: { readonly id: string; readonly timestamp_s: number; readonly body: string },
  credential: string,
): string {
  const signed = `${message.id}.${message.timestamp_s}.${message.body}`;
  const secrets = credential.split(' ');
  if (secrets.length > 2) throw new NotSendable('the signing secret is not one of Standard Webhooks');
  return secrets.map((secret) => one(signed, secret)).join(' ');
}

function one(signed: string, secret: string): string {
  const parts = /^(whsec|whsk)_([A-Za-z0-9+/]{24,172}={0,2})$/.exec(secret);
  const key = Buffer.from(parts?.[2] ?? '', 'base64');
  if (parts?.[1] === 'whsec' && key.length >= 24 && key.length <= 64) {
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  }
  // The reference implementations keep seed and public key together; the seed is the first half.
  if (parts?.[1] === 'whsk' && (key.length === 32 || key.length === 64)) {
    const seed = createPrivateKey({
      key: Buffer.concat([PKCS8_ED25519, key.subarray(0, 32)]),
      format: 'der',
      type: 'pkcs8',
    });
    return `v1a,${sign(null, Buffer.from(signed), seed).toString('base64')}`;
  }
  throw new NotSendable('the signing secret is not one of Standard Webhooks');
}
