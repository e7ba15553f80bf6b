import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';

/** The schema of a tool that names none. */
export const NO_INPUT = { type: 'object', properties: {} };

export interface UpstreamTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema?: object;
  readonly annotations?: object;
}

/** An MCP server behind the gateway, whose behaviour a test sets. */
export interface UpstreamServer {
  readonly url: string;
  tools: readonly UpstreamTool[];
  resources: readonly object[];
  /** The answer to a call; its arguments and name are given. */
  answer: (name: string, args: Record<string, unknown>) => object | Promise<object>;
  /** Names of the tools that were called, with their arguments. */
  readonly calls: { readonly name: string; readonly args: Record<string, unknown> }[];
  /** `Authorization` of each request. */
  readonly credentials: (string | undefined)[];
  close(): Promise<void>;
}

export async function mcpUpstream(): Promise<UpstreamServer> {
  const state: Pick<UpstreamServer, 'tools' | 'resources' | 'answer' | 'calls' | 'credentials'> = {
    tools: [],
    resources: [],
    answer: () => ({ content: [{ type: 'text', text: 'done' }] }),
    calls: [],
    credentials: [],
  };
  const handler = createMcpHandler(() => serverOf(state));
  const http = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    state.credentials.push(request.headers.authorization);
    const body = Buffer.concat(chunks);
    const answer = await handler.fetch(
      new Request(`http://127.0.0.1${request.url}`, {
        method: request.method ?? 'GET',
        headers: request.headers as Record<string, string>,
        ...(body.length === 0 ? {} : { body }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((closed) => {
        http.close(() => closed());
        http.closeAllConnections();
      }),
  });
}

function serverOf(state: Pick<UpstreamServer, 'tools' | 'resources' | 'answer' | 'calls'>): Server {
  const server = new Server({ name: 'upstream', version: '1' }, { capabilities: { tools: {}, resources: {} } });
  const on = server.setRequestHandler.bind(server) as unknown as (
    method: string,
    handle: (request: { params: { name: string; arguments?: Record<string, unknown> } }) => unknown,
  ) => void;
  on('tools/list', () => ({
    tools: state.tools.map((tool) => ({ inputSchema: NO_INPUT, ...tool })),
  }));
  on('resources/list', () => ({ resources: state.resources }));
  on('resources/templates/list', () => ({ resourceTemplates: [] }));
  on('tools/call', ({ params: { name, arguments: args = {} } }) => {
    state.calls.push({ name, args });
    return state.answer(name, args);
  });
  return server;
}

/** The configuration of an upstream, and the system that it is. */
export const upstreamConfig = (name: string, url: string, more: object) => ({
  upstream: { name, server: { transport: 'http' as const, url: `${url}/mcp` }, ...more },
  system: { [name]: { url, private: true } },
});
