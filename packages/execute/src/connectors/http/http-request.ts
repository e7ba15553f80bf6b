import { canonicalJson, GRANT_HEADER, type HttpBinding, type JsonObject } from '@portreeve/contract';
import type { VerifiedCall } from '../../verified-call.ts';
import { NotSendable } from '../ending.ts';

export interface HttpRequest {
  readonly method: HttpBinding['method'];
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/**
 * The one request that a call is: the arguments in the address percent-encoded, all others as RFC 8785 text in the
 * body, the grant in its own header. Throws {@link NotSendable}.
 */
export function buildRequest(
  call: Pick<VerifiedCall, 'token' | 'args' | 'idempotency_key'> & {
    readonly contract: { readonly binding: HttpBinding };
  },
  credential: string | null,
): HttpRequest {
  const { binding } = call.contract;
  const { url, used } = addressOf(binding.url, call.args);
  const rest = Object.fromEntries(Object.entries(call.args).filter(([name]) => !used.has(name)));
  const hasBody = binding.body && binding.method !== 'GET' && binding.method !== 'DELETE';
  if (!hasBody && Object.keys(rest).length > 0) {
    // What was approved must be what is sent: no argument may be dropped on the way.
    throw new NotSendable(`the binding has no place for the argument ${Object.keys(rest)[0]}`);
  }
  return {
    method: binding.method,
    url,
    headers: {
      ...callHeaders(call),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...credentialHeader(credential),
    },
    body: hasBody ? canonicalJson(rest) : null,
  };
}

/** What every request over HTTP carries: the grant, for the downstream to check, and the key of this one effect. */
export function callHeaders(call: Pick<VerifiedCall, 'token' | 'idempotency_key'>): Record<string, string> {
  return {
    accept: 'application/json',
    [GRANT_HEADER.toLowerCase()]: call.token,
    'idempotency-key': call.idempotency_key,
    'user-agent': 'portreeve',
  };
}

/** A bearer token, or an API key in the header of that name. Throws {@link NotSendable}. */
export function credentialHeader(credential: string | null, header?: string): Record<string, string> {
  if (credential === null) return {};
  if (!/^[\x21-\x7e]{1,8192}$/.test(credential)) throw new NotSendable('the credential cannot stand in a header');
  return header === undefined ? { authorization: `Bearer ${credential}` } : { [header]: credential };
}

/** The address with its `{name}` filled in, and the arguments that it took. Throws {@link NotSendable}. */
export function addressOf(template: string, args: JsonObject): { url: URL; used: ReadonlySet<string> } {
  const parts = /^(https?:\/\/[^/?#{}]+)(\/[^?#]*)?(\?[^#]*)?$/.exec(template);
  if (!parts) throw new NotSendable('the address of the binding is not an absolute http address with a fixed host');
  const [, origin = '', path = '/', query = ''] = parts;
  const used = new Set<string>();
  const fill = (text: string): string =>
    text.replace(/\{([^{}]*)\}/g, (_, name: string) => {
      used.add(name);
      const value = Object.hasOwn(args, name) ? args[name] : undefined;
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw new NotSendable(`the argument ${name} of the address is not a plain value`);
      }
      return encodeURIComponent(value);
    });
  const filled = fill(path);
  for (const segment of filled.split('/').slice(1, filled.endsWith('/') ? -1 : undefined)) {
    // Percent-encoding leaves dots alone, and a URL parser walks up a folder at "..".
    if (segment === '' || segment === '.' || segment === '..') {
      throw new NotSendable('an argument would change the path of the address');
    }
  }
  const url = new URL(origin + filled + fill(query));
  if (url.pathname !== new URL(`${origin}/`).pathname.slice(0, -1) + filled) {
    throw new NotSendable('an argument would change the path of the address');
  }
  return { url, used };
}
