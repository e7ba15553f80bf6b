import type { FastifyReply, FastifyRequest } from 'fastify';

/** Where browsers reach this server. */
export interface WebOrigin {
  /** Scheme, host and port, as `Origin` names them (RFC 6454). */
  readonly origin: string;
  /** False on plain http, which the configuration lets through on the loopback alone. */
  readonly secure: boolean;
}

export function webOrigin(base_url: string): WebOrigin {
  return { origin: base_url, secure: base_url.startsWith('https:') };
}

export const SESSION_COOKIE = 'portreeve_session';

/** The cookie that ties a sign-in at one provider to the browser that began it: another provider's is another cookie. */
export const beginCookie = (provider: string): string => `portreeve_oidc_${provider}`;

/**
 * `__Host-` (RFC 6265bis, 4.1.3.2): the browser takes it from this very host over https alone, so that no neighbouring
 * host can plant one.
 */
function fullName({ secure }: WebOrigin, name: string): string {
  return secure ? `__Host-${name}` : name;
}

/** The cookie's value; null where there is none, or more than one, of which nobody knows which is ours. */
export function readCookie(web: WebOrigin, request: FastifyRequest, name: string): string | null {
  const wanted = `${fullName(web, name)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(wanted));
  return found.length === 1 ? (found[0] as string).slice(wanted.length) : null;
}

/**
 * `HttpOnly`, `SameSite`, and `Secure` unless on plain http. `value` is one that we made: base64url. A session is
 * `Strict`: no link of another site opens anything in it, and pages that do not need one are what links lead to. What ties
 * a sign-in to its browser is `Lax`: the provider, which is another site, sends the browser back with it.
 */
export function setCookie(web: WebOrigin, reply: FastifyReply, name: string, value: string, seconds: number): void {
  const parts = [
    `${fullName(web, name)}=${value}`,
    'Path=/',
    `Max-Age=${Math.max(0, Math.floor(seconds))}`,
    'HttpOnly',
    `SameSite=${name === SESSION_COOKIE ? 'Strict' : 'Lax'}`,
    ...(web.secure ? ['Secure'] : []),
  ];
  reply.header('set-cookie', parts.join('; '));
}

export function clearCookie(web: WebOrigin, reply: FastifyReply, name: string): void {
  setCookie(web, reply, name, '', 0);
}
