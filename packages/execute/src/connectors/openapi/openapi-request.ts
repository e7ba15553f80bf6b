import { canonicalJson, type Json, type OpenApiBinding } from '@portreeve/contract';
import type { VerifiedCall } from '../../verified-call.ts';
import { NotSendable } from '../ending.ts';
import { addressOf, callHeaders, credentialHeader, type HttpRequest } from '../http/http-request.ts';

/** Headers that an argument never sets: they frame the request, say who asks, or carry the grant. */
const RESERVED =
  /^(accept.*|authorization|connection|content-.*|cookie.*|dpop|expect|host|idempotency-key|keep-alive|portreeve-.*|proxy-.*|te|trailer|transfer-encoding|upgrade|user-agent|webhook-.*)$/;

/**
 * The one request that a call of an OpenAPI operation is: path parameters as `simple`, query parameters as exploded
 * `form`, the body as RFC 8785 text. Throws {@link NotSendable}.
 */
export function openApiRequest(
  call: Pick<VerifiedCall, 'token' | 'args' | 'idempotency_key'>,
  binding: OpenApiBinding,
  credential: string | null,
): HttpRequest {
  const left = new Map(Object.entries(call.args));
  const take = (argument: string): Json | undefined => {
    const value = left.get(argument);
    left.delete(argument);
    return value;
  };
  const path: Record<string, Json> = {};
  const query: [string, string][] = [];
  const headers: Record<string, string> = {};
  for (const { argument, name, in: place } of binding.parameters) {
    const value = take(argument);
    if (value === undefined) continue;
    if (place === 'path') path[name] = value;
    else if (place === 'query')
      for (const item of Array.isArray(value) ? value : [value]) query.push([name, plain(item, name)]);
    else headers[headerName(name)] = headerValue(plain(value, name));
  }
  const body = binding.body === undefined ? undefined : take(binding.body);
  const [more] = left.keys();
  // What was approved must be what is sent: no argument may be dropped on the way.
  if (more !== undefined) throw new NotSendable(`the operation has no place for the argument ${more}`);
  const { url, used } = addressOf(binding.url, path);
  for (const name of Object.keys(path)) {
    if (!used.has(name)) throw new NotSendable(`the address of the operation has no place for ${name}`);
  }
  for (const [name, value] of query) url.searchParams.append(name, value);
  return {
    method: binding.method,
    url,
    headers: {
      ...headers,
      ...callHeaders(call),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...credentialHeader(credential, binding.credential_header),
    },
    body: body === undefined ? null : canonicalJson(body),
  };
}

function plain(value: Json, name: string): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new NotSendable(`the parameter ${name} is not a plain value`);
  }
  return String(value);
}

function headerName(name: string): string {
  const lower = name.toLowerCase();
  if (!/^[a-z0-9-]{1,64}$/.test(lower) || RESERVED.test(lower)) {
    throw new NotSendable(`the header ${name} may not be set by an argument`);
  }
  return lower;
}

function headerValue(value: string): string {
  if (!/^[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?$/.test(value)) {
    throw new NotSendable('an argument cannot stand in a header');
  }
  return value;
}
