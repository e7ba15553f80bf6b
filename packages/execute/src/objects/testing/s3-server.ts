import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@portreeve/contract';

const hex = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const mac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();

/**
 * A server that keeps objects as Amazon S3 is documented to, addressed by path, and checks each signature by making it
 * anew with code of its own (Signature Version 4, "Authenticating Requests").
 */
export async function startS3Server(options: {
  readonly clock: Clock;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}) {
  const objects = new Map<string, { bytes: Buffer; headers: Record<string, string> }>();
  const state = {
    broken: false,
    /** Takes what is put, and never says so. */
    silent: false,
    /** Cuts the connection when a request begins. */
    cuts: false,
  };
  const server = createServer((request, response) => {
    if (state.cuts) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const path = request.url ?? '';
      const answer = (status: number, bytes: Buffer | string = '') => response.writeHead(status).end(bytes);
      if (state.broken) return answer(503, '<Error><Code>SlowDown</Code></Error>');
      if (!isSigned(request, body)) return answer(403, '<Error><Code>SignatureDoesNotMatch</Code></Error>');
      if (request.method === 'PUT') {
        const { 'content-type': type = '', 'cache-control': cache = '' } = request.headers;
        objects.set(path, { bytes: body, headers: { type, cache } });
        if (state.silent) return undefined;
        return answer(200);
      }
      const found = objects.get(path);
      return found ? answer(200, found.bytes) : answer(404, '<Error><Code>NoSuchKey</Code></Error>');
    });
  });

  function isSigned(request: IncomingMessage, body: Buffer): boolean {
    const { authorization = '', 'x-amz-date': stamp, 'x-amz-content-sha256': digest } = request.headers;
    const match =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
        authorization,
      );
    if (!match || typeof stamp !== 'string' || digest !== hex(body)) return false;
    const [, access, day, region, names, signature] = match as unknown as string[];
    const time = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    const late = !(Math.abs(time - options.clock.now().getTime()) <= 15 * 60_000);
    const required = ['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => names!.split(';').includes(name));
    if (late || !required || access !== options.accessKeyId || region !== options.region || !stamp.startsWith(day!))
      return false;
    const headers = names!.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
    const canonical = [request.method, request.url, '', headers.join(''), names, digest].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const key = [day!, region!, 's3', 'aws4_request'].reduce<Buffer | string>(mac, `AWS4${options.secretAccessKey}`);
    const text = ['AWS4-HMAC-SHA256', stamp, scope, hex(canonical)].join('\n');
    return mac(key, text).toString('hex') === signature;
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `http://127.0.0.1:${port}/`,
    objects,
    state,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
