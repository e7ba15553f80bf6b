import { Sha256 } from '@aws-crypto/sha256-js';
import type { Clock } from '@portreeve/contract';
import { SignatureV4 } from '@smithy/signature-v4';
import type { GuardedFetch } from '../secrets/ask-json.ts';
import { type AwsPlace, awsEndpoints } from '../secrets/aws-json.ts';
import { type AwsAuth, awsIdentity } from '../secrets/aws-role.ts';

/** Bytes of an object that is read, at the most. */
const OBJECT_BYTES_MAX = 64 * 1024 * 1024;

export interface S3ObjectsOptions extends AwsPlace {
  readonly name: string;
  readonly fetch: GuardedFetch;
  readonly bucket: string;
  /** Goes before each path, such as `portreeve/audit/`. */
  readonly prefix?: string;
  readonly auth: AwsAuth;
  readonly clock: Clock;
  readonly timeout_ms?: number;
}

interface WriteOptions {
  /** In place of those that tiles are served with. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Objects of a bucket of Amazon S3, or of what speaks as it does, addressed by path: GetObject and PutObject, signed with
 * Signature Version 4, through our egress guard. Rejects with an `Error` whose message quotes nothing of an answer.
 */
export function s3Objects(options: S3ObjectsOptions) {
  const { name, fetch, region, bucket, prefix = '', auth, clock, timeout_ms = 30_000 } = options;
  const { service: objects, sts } = awsEndpoints('s3', options);
  const identity = awsIdentity({ fetch, auth, sts, clock, timeout_ms });

  return {
    name,
    /** `null` where there is nothing of that path. */
    async read(path: string): Promise<Buffer | null> {
      const response = await ask('GET', path, null);
      if (response.status === 404) {
        await response.body?.cancel();
        return null;
      }
      return wholeBody(await accepted(response));
    },
    /** Durable when it resolves: the store answers then. */
    async write(path: string, bytes: Buffer, more: WriteOptions = {}): Promise<void> {
      await wholeBody(await accepted(await ask('PUT', path, bytes, more)));
    },
  };

  async function ask(
    method: 'GET' | 'PUT',
    path: string,
    bytes: Buffer | null,
    { headers: own = headersOf(path), signal: given }: WriteOptions = {},
  ): Promise<Response> {
    const url = new URL(`${objects.pathname.replace(/\/$/, '')}/${bucket}/${prefix}${path}`, objects);
    const credentials = await identity.get();
    // The path stands in the signature as it is sent: S3 escapes it once.
    const signer = new SignatureV4({ service: 's3', region, credentials, sha256: Sha256, uriEscapePath: false });
    const signed = await signer.sign(
      {
        ...{ method, protocol: url.protocol, hostname: url.hostname, path: url.pathname },
        headers: { host: url.host, ...(bytes ? own : {}) },
        ...(bytes ? { body: bytes } : {}),
      },
      { signingDate: clock.now() },
    );
    const { host: _, ...headers } = signed.headers;
    const body = bytes ? { body: new Uint8Array(bytes) } : {};
    const late = AbortSignal.timeout(timeout_ms);
    const signal = given ? AbortSignal.any([given, late]) : late;
    const init = { method, headers, ...body, redirect: 'error', signal } as const;
    return fetch(url, init).catch((error: unknown) => {
      const late = error instanceof Error && error.name === 'TimeoutError';
      throw new Error(late ? `no answer within ${timeout_ms} ms` : 'the store cannot be reached');
    });
  }

  async function accepted(response: Response): Promise<Response> {
    if (response.status === 200) return response;
    await response.body?.cancel();
    if (response.status === 403) identity.forget();
    throw new Error(`the store answered ${response.status}`);
  }
}

/** As C2SP tlog-tiles has them served, should the bucket be served as it is. */
function headersOf(path: string): Record<string, string> {
  return path === 'checkpoint'
    ? { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' }
    : { 'content-type': 'application/octet-stream', 'cache-control': 'public, max-age=31536000, immutable' };
}

async function wholeBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > OBJECT_BYTES_MAX) throw new Error(`an object of more than ${OBJECT_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
