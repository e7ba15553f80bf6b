import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { API_VERSION } from '../anthropic/bounded-fetch.ts';
import { requestId, sendError } from './reply.ts';
import { type MessagesRequest, messagesRequestSchema } from './request.ts';

/** The limit of the real endpoint. */
const REQUEST_BYTES_MAX = 32 * 1024 * 1024;

export interface WireServer {
  /** Base address for an SDK, such as `http://127.0.0.1:49152`. */
  readonly url: string;
  /** Requests that came in so far, refused ones included. */
  readonly requests: number;
  close(): Promise<void>;
}

/** Answers one request that has passed the checks. `n` counts from 1. */
export type WireHandler = (
  request: MessagesRequest,
  exchange: { readonly n: number; readonly incoming: IncomingMessage; readonly response: ServerResponse },
) => void | Promise<void>;

/**
 * A local server that speaks the Messages API (version 2026-10-21, without streaming) on 127.0.0.1. It checks route,
 * version, credential and body as the API does, and leaves the answer to `handler`.
 */
export async function startWireServer(handler: WireHandler, port = 0): Promise<WireServer> {
  let requests = 0;
  const server = createServer((incoming, response) => {
    const n = ++requests;
    answer(handler, n, incoming, response).catch(() => {
      if (response.headersSent) response.destroy();
      else sendError(response, n, { status: 500, message: 'the local server failed' });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    close: () =>
      new Promise<void>((resolve, reject) => {
        if (!server.listening) return resolve();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(handler: WireHandler, n: number, incoming: IncomingMessage, response: ServerResponse) {
  const refuse = (status: number, message: string) => sendError(response, n, { status, message });
  if (incoming.url !== '/v1/messages') return refuse(404, 'not found');
  if (incoming.method !== 'POST') {
    response.writeHead(405, { allow: 'POST', 'request-id': requestId(n) }).end();
    return;
  }
  if (incoming.headers['anthropic-version'] !== API_VERSION) {
    return refuse(400, `anthropic-version: expected ${API_VERSION}`);
  }
  if (!/^Bearer \S+$/.test(incoming.headers.authorization ?? '')) {
    return refuse(401, 'authorization: a bearer key is required');
  }
  const body = await read(incoming);
  if (body === null) return refuse(413, 'request exceeds the maximum size');
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    return refuse(400, 'the request body is not valid JSON');
  }
  const parsed = messagesRequestSchema.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(400, `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  await handler(parsed.data, { n, incoming, response });
}

async function read(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= REQUEST_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > REQUEST_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}
