import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedToken {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The form or the JSON that was sent. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A local authorisation server for tests: the n-th request gets the n-th answer. */
export async function startTokenServer(answers: readonly { readonly status: number; readonly body: unknown }[]) {
  const asked: AskedToken[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const { url: path = '', headers } = request;
    const json = headers['content-type'] === 'application/json';
    asked.push({ path, headers, body: json ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text)) });
    const { status, body } = answers[asked.length - 1] ?? { status: 500, body: { error: 'script_at_its_end' } };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: asked as readonly AskedToken[],
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
