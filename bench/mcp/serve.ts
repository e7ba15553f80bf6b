import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { serveParent } from '../lib/children.ts';
import { TOOL } from './tool.ts';

/** Serves one tool by the official packages, on both revisions, and tells the parent where. */
export function serveTool(
  call: (args: Record<string, unknown>) => Promise<object>,
  stop: () => Promise<unknown>,
): void {
  const handler = createMcpHandler(() => {
    const server = new Server({ name: 'orders', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({ tools: [TOOL] }) as never);
    server.setRequestHandler('tools/call', ({ params }) => call(params.arguments ?? {}) as never);
    return server;
  });
  const http = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await handler.fetch(
      new Request(`http://127.0.0.1${request.url}`, {
        method: request.method ?? 'GET',
        headers: request.headers as Record<string, string>,
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) Readable.fromWeb(answer.body as never).pipe(response);
    else response.end();
  });
  http.keepAliveTimeout = 60_000;
  http.listen(0, '127.0.0.1', () => {
    const { port } = http.address() as AddressInfo;
    serveParent(`http://127.0.0.1:${port}`, async () => {
      http.closeAllConnections();
      await stop();
    });
  });
}
