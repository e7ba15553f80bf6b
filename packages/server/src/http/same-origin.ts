import { PortreeveError } from '@portreeve/contract';
import type { FastifyRequest } from 'fastify';
import type { WebOrigin } from './cookies.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Whether a request that came with a session cookie may change anything. A browser sends the cookie along whoever made it
 * send the request, so the request must prove where it was made, by what a page cannot forge:
 *
 * - `Sec-Fetch-Site` (W3C Fetch Metadata), where it is sent, is `same-origin`;
 * - `Origin` (RFC 6454), where it is sent, is ours exactly: the configured one, or on a laptop (`base_url` is plain http,
 *   which the configuration lets through on the loopback alone) the loopback with the port that the request came to;
 * - one of the two is sent;
 * - a body is `application/json`, which no form of another site can send.
 *
 * Looking needs none of this: what is shown cannot be read from another site. A bearer token needs none of it either: no
 * browser sends one by itself. Throws `refused`.
 */
export function assertSameOrigin(web: WebOrigin, request: FastifyRequest): void {
  if (request.method === 'GET') return;
  const { 'sec-fetch-site': site, origin: from, 'content-type': type } = request.headers;
  const proven = (site !== undefined || from !== undefined) && (site ?? 'same-origin') === 'same-origin';
  if (!proven || (from !== undefined && !isOurs(web, request, from)))
    throw new PortreeveError('refused', 'A request with a session cookie must come from a page of this server.', {
      next: `Send it from ${web.origin}, or with an API token as \`Authorization: Bearer …\`.`,
    });
  const json = type !== undefined && /^application\/json *(;|$)/i.test(type);
  if (request.method === 'POST' ? !json : type !== undefined && !json)
    throw new PortreeveError('refused', 'A request with a session cookie has a JSON body.', {
      next: 'Send the body as application/json.',
    });
}

/** The port is the socket's own: a `Host` header says what its sender likes. */
function isOurs({ origin, secure }: WebOrigin, request: FastifyRequest, from: string): boolean {
  if (from === origin) return true;
  const { localPort } = request.socket;
  return !secure && localPort !== undefined && LOOPBACK.some((host) => from === `http://${host}:${localPort}`);
}
