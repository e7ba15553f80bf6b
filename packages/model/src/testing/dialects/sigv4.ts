import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * What is wrong with the signature of a request (AWS Signature Version 4, service `bedrock`), or null. Written from the
 * description of the algorithm, so that it is a second opinion on the SDK's signer.
 */
export function wrongSignature(
  incoming: IncomingMessage,
  body: string,
  keys: SigningKeys,
  region: string,
): string | null {
  const { headers, method = '', url = '' } = incoming;
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/bedrock\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (!match) return 'the request is not signed';
  const [, key, day = '', place, signed = '', signature] = match;
  if (key !== keys.accessKeyId || place !== region) return 'signed for another key or region';
  if (headers['x-amz-security-token'] !== keys.sessionToken) return 'the session token is missing';
  const names = signed.split(';');
  for (const needed of ['host', 'content-type', 'x-amz-date', ...(keys.sessionToken ? ['x-amz-security-token'] : [])])
    if (!names.includes(needed)) return `${needed} is not under the signature`;
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    // Every service but S3 escapes the path once more than it is sent.
    path.split('/').map(encodeURIComponent).join('/'),
    query,
    ...names.map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const at = String(headers['x-amz-date']);
  const toSign = ['AWS4-HMAC-SHA256', at, `${day}/${region}/bedrock/aws4_request`, sha256(canonical)].join('\n');
  const derived = [day, region, 'bedrock', 'aws4_request'].reduce<Buffer | string>(
    (from, part) => hmac(from, part),
    `AWS4${keys.secretAccessKey}`,
  );
  return hmac(derived, toSign).toString('hex') === signature ? null : 'the signature does not match';
}
