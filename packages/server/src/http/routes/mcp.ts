import { Readable } from 'node:stream';
import { PortreeveError } from '@portreeve/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { resourceMetadata } from '../mcp-guard.ts';
import { type Call, type Route, route } from '../route.ts';

/** Bytes of one message of a client. */
const BODY_MAX = 4 * 1024 * 1024;

const metadataAnswer = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  scopes_supported: z.array(z.string()),
  resource_name: z.string(),
});

const shared = {
  url: '/mcp',
  operation: 'mcp.use',
  resource: true,
  stream: 'text/event-stream',
  answers: {},
  bodyLimit: BODY_MAX,
  per_minute: ({ mcp }: Services) => mcp.per_minute,
} as const;

export const mcpRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/.well-known/oauth-protected-resource/mcp',
    operation: 'public',
    summary: 'What the MCP endpoint is as a resource, and who makes tokens for it (RFC 9728)',
    records: 'none',
    answers: { 200: metadataAnswer },
    handler: async ({ services }) => resourceMetadata(services),
  }),
  route({
    ...shared,
    method: 'POST',
    summary: 'Speak MCP (Streamable HTTP, revision 2026-07-28 and older ones)',
    records: ['mcp.connection', 'agent.session_opened', 'agent.intent_declared', 'proposal.submitted', 'decision.made'],
    handler: serve,
  }),
  route({
    ...shared,
    method: 'GET',
    summary: 'Listen on a connection of an older revision of MCP',
    records: 'read',
    handler: serve,
  }),
  route({
    ...shared,
    method: 'DELETE',
    summary: 'End a connection of an older revision of MCP',
    records: ['mcp.connection'],
    handler: serve,
  }),
];

async function serve({ services, who, request, reply }: Call<unknown, unknown, unknown>): Promise<void> {
  assertInScope(services, who, request.body);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const response = await services.mcp.endpoint.handle(webRequest(request, gone.signal), who, request.body);
  reply.hijack();
  await send(response, reply);
}

/** A tool that exists and that the token was not made for: the client is told which scopes it needs (step-up, by 403). */
function assertInScope(services: Services, who: Call<unknown, unknown, unknown>['who'], body: unknown): void {
  // Older revisions send several messages at once (JSON-RPC 2.0, batch): each is looked at.
  if (Array.isArray(body)) {
    for (const message of body) assertMessageInScope(services, who, message);
    return;
  }
  assertMessageInScope(services, who, body);
}

function assertMessageInScope(services: Services, who: Call<unknown, unknown, unknown>['who'], message: unknown): void {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: { name?: unknown } };
  if (method !== 'tools/call' || typeof params?.name !== 'string') return;
  const needed = services.mcp.gateway.beyondScope(who, params.name);
  if (!needed) return;
  const { roles, groups } = who.principal;
  const scopes = [
    ...roles.map((role) => `role:${role}`),
    ...groups.map((group) => `group:${group}`),
    ...needed.map((tool) => `tool:${tool}`),
  ];
  throw new PortreeveError('refused', 'This token was not made for that tool.', {
    next: 'Get a token with the scope that WWW-Authenticate names.',
    extra: { scopes },
  });
}

/** The request as the web's `Request`: without the credential, which has done its work. The body is given beside it. */
function webRequest(request: FastifyRequest, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === 'authorization' || name === 'cookie' || value === undefined) continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Request(`http://${request.headers.host}/mcp`, { method: request.method, headers, signal });
}

async function send(response: Response, reply: FastifyReply): Promise<void> {
  const out = reply.raw;
  out.writeHead(response.status, {
    ...(reply.getHeaders() as Record<string, string>),
    ...Object.fromEntries(response.headers),
    'cache-control': 'no-store',
  });
  if (!response.body) {
    out.end();
    return;
  }
  // A client that goes ends the stream, and with it what feeds it.
  Readable.fromWeb(response.body as never)
    .on('error', () => out.destroy())
    .pipe(out);
}
