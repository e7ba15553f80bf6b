import { PortreeveError, type ProjectConfig } from '@portreeve/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../services.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Under which names the endpoint may be called, and from pages of which hosts. */
export type McpHosts = ReadonlySet<string>;

export function mcpHosts({ identity, mcp }: ProjectConfig): McpHosts {
  const { hostname } = new URL(identity.base_url);
  return new Set([hostname, ...mcp.hosts, ...(LOOPBACK.has(hostname) ? LOOPBACK : [])]);
}

/**
 * A page of another site, or a name that was made to point here, does not speak for its visitor (MCP 2026-07-28,
 * Streamable HTTP, security warning). Throws `refused` before anybody is authenticated.
 */
export function assertOurHost(hosts: McpHosts, request: FastifyRequest): void {
  const { host, origin } = request.headers;
  if (!hosts.has(hostnameOf(`http://${host ?? ''}`))) throw foreign('Host');
  if (origin !== undefined && !hosts.has(hostnameOf(origin))) throw foreign('Origin');
}

function hostnameOf(text: string): string {
  return URL.canParse(text) ? new URL(text).hostname : '';
}

const foreign = (header: string) =>
  new PortreeveError('refused', `The ${header} of this request is not ours.`, {
    next: 'Call it under the address of `identity.base_url`, or add the name to `mcp.hosts`.',
    extra: { foreign: true },
  });

/**
 * What a client needs to get a token, or a better one (RFC 6750, 3; RFC 9728, 5.1): 401 for one that is not valid here, 403
 * where a right is missing. All scopes that are needed are named at once.
 */
export function challenge(services: Services, reply: FastifyReply, error: PortreeveError): void {
  const metadata = `resource_metadata="${services.web.origin}/.well-known/oauth-protected-resource/mcp"`;
  const scopes = Array.isArray(error.extra.scopes) ? error.extra.scopes.join(' ') : 'role:requester';
  if (error.code === 'not_signed_in') {
    const invalid = reply.request.headers.authorization === undefined ? '' : 'error="invalid_token", ';
    reply.header('www-authenticate', `Bearer ${invalid}${metadata}, scope="${scopes}"`);
  }
  if (error.code === 'refused' && error.extra.foreign !== true)
    reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${scopes}", ${metadata}`);
}

/** RFC 9728, 2. */
export function resourceMetadata(services: Services) {
  return {
    resource: services.mcp.resource,
    authorization_servers: [services.accessTokens.issuer],
    bearer_methods_supported: ['header'],
    scopes_supported: ['role:requester'],
    resource_name: 'Portreeve',
  };
}
