import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dialect, type ErrorReply, isError } from './dialect.ts';
import type { MessageReply } from './message.ts';

/** The limit of the real endpoint. */
const REQUEST_BYTES_MAX = 32 * 1024 * 1024;

export interface WireServer {
  /** Base address for an SDK, such as `http://127.0.0.1:49152`. */
  readonly url: string;
  /** Requests that came in so far, refused ones included. */
  readonly requests: number;
  close(): Promise<void>;
}

/** One request and the ways to answer it in the words of its vendor. */
export interface Exchange {
  /** Counts from 1. */
  readonly n: number;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether a stream was asked for. */
  readonly stream: boolean;
  /** Answers, as a stream where one was asked for. */
  message(reply: MessageReply): void;
  error(reply: ErrorReply): void;
  /** The frames of a stream, for a server that does not send them as it should. */
  frames(reply: MessageReply): (string | Uint8Array)[];
  /** Begins a stream. */
  streamHead(): void;
}

/** Answers one request that has passed the checks. */
export type WireHandler<Body> = (body: Body, exchange: Exchange) => void | Promise<void>;

/** A local server on 127.0.0.1 that speaks as a vendor does, and leaves the answers to `handler`. */
export async function startWireServer<Body>(
  dialect: Dialect<Body>,
  handler: WireHandler<Body>,
  port = 0,
): Promise<WireServer> {
  let requests = 0;
  const server = createServer((incoming, response) => {
    const n = ++requests;
    answer(dialect, handler, n, incoming, response).catch(() => {
      if (response.headersSent) response.destroy();
      else exchangeOf(dialect, n, incoming, response, false).error({ status: 500, message: 'the local server failed' });
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

async function answer<Body>(
  dialect: Dialect<Body>,
  handler: WireHandler<Body>,
  n: number,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await read(incoming);
  const asked =
    text === null ? { status: 413, message: 'request exceeds the maximum size' } : dialect.read(incoming, text);
  if (isError(asked)) return exchangeOf(dialect, n, incoming, response, false).error(asked);
  await handler(asked.body, exchangeOf(dialect, n, incoming, response, asked.stream));
}

function exchangeOf<Body>(
  dialect: Dialect<Body>,
  n: number,
  incoming: IncomingMessage,
  response: ServerResponse,
  stream: boolean,
): Exchange {
  const head = (status: number, type: string, headers: Readonly<Record<string, string>> = {}) =>
    response.writeHead(status, { 'content-type': type, ...dialect.headers(n), ...headers });
  const streamHead = (): void => {
    head(200, dialect.stream_type);
    response.flushHeaders();
  };
  return {
    ...{ n, incoming, response, stream, streamHead },
    frames: (reply) => dialect.frames(reply, n),
    message(reply) {
      if (!stream) {
        head(200, 'application/json').end(JSON.stringify(dialect.message(reply, n)));
        return;
      }
      streamHead();
      for (const frame of dialect.frames(reply, n)) response.write(frame);
      response.end();
    },
    error(reply) {
      const { body, headers } = dialect.error(reply, n);
      head(reply.status, 'application/json', { ...headers, ...reply.headers }).end(JSON.stringify(body));
    },
  };
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
