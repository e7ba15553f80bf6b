import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DownstreamCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type DownstreamReply = (call: DownstreamCall, response: ServerResponse) => void;

export interface Downstream {
  readonly url: string;
  /** Every call that arrived, in order. */
  readonly calls: readonly DownstreamCall[];
  /** How later calls are answered. */
  replyWith(reply: DownstreamReply): void;
  close(): Promise<void>;
}

const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

/** Answers as the two tools of the test project expect it. */
const honest: DownstreamReply = ({ method }, response) =>
  method === 'POST' ? json(response, 201, { revision: 1 }) : json(response, 200, { owner: 'team-a' });

/** The system behind the test project's tools: it keeps what it was sent. */
export async function startDownstream(): Promise<Downstream> {
  const calls: DownstreamCall[] = [];
  let reply = honest;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const call = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? null : (JSON.parse(text) as unknown),
      };
      calls.push(call);
      reply(call, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    replyWith(other) {
      reply = other;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
