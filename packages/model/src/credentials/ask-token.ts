import type { Clock } from '@portreeve/contract';
import { z } from 'zod';
import type { Token } from '../endpoint/token.ts';
import { ProviderError } from '../ports.ts';

const ANSWER_BYTES_MAX = 64 * 1024;
const TIMEOUT_MS = 30_000;

/** How to reach an authorisation server: through an egress guard that lets its address out. */
export interface TokenServer {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
}

export interface TokenRequest {
  /** Names the server in messages. */
  readonly what: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form (RFC 6749), or as JSON. */
  readonly body: URLSearchParams | Readonly<Record<string, unknown>>;
}

/** In printable ASCII, so that it can stand in a header. */
const tokenText = z.string().regex(/^[\x21-\x7e]{1,16384}$/);
/** RFC 6749, section 5.1. */
const tokenSchema = z.looseObject({ access_token: tokenText, expires_in: z.int().min(1).max(86_400) });
/** Google's IAM Credentials API. */
const impersonatedSchema = z.looseObject({ accessToken: tokenText, expireTime: z.iso.datetime() });

/**
 * Asks for a token, bounded in time and size. Rejects with a `credential` error that quotes nothing of the answer but an
 * OAuth error code; a 4xx is permanent, because the same assertion gets the same answer.
 */
export async function askToken({ fetch, clock }: TokenServer, request: TokenRequest): Promise<Token> {
  const asked_at = clock.now().getTime();
  const data = await post(fetch, request);
  const plain = tokenSchema.safeParse(data);
  if (plain.success) return { token: plain.data.access_token, expires_at: asked_at + plain.data.expires_in * 1000 };
  const impersonated = impersonatedSchema.safeParse(data);
  if (impersonated.success)
    return { token: impersonated.data.accessToken, expires_at: Date.parse(impersonated.data.expireTime) };
  throw failed(`${request.what} answered without a token`, true);
}

async function post(fetch: TokenServer['fetch'], { what, url, headers, body }: TokenRequest): Promise<unknown> {
  const form = body instanceof URLSearchParams;
  const init = {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
      'user-agent': 'portreeve',
      ...headers,
    },
    body: form ? body.toString() : JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  } as const;
  const { status, text } = await fetch(url, init)
    .then(async (response) => ({ status: response.status, text: await bounded(response) }))
    .catch((error: unknown) => {
      throw failed(`${what} gave no answer`, true, error);
    });
  const data = parsed(text);
  if (status === 200) return data;
  throw failed(`${what} answered ${status}${oauthCode(data)}`, status === 429 || status >= 500);
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `invalid_grant` and the like: a word of a fixed alphabet, never a sentence. */
function oauthCode(data: unknown): string {
  const code: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'error') : null;
  return typeof code === 'string' && /^[a-z_]{1,64}$/.test(code) ? ` ${code}` : '';
}

function failed(what: string, transient: boolean, cause?: unknown): ProviderError {
  return new ProviderError('credential', `no token: ${what}`, { transient, ...(cause === undefined ? {} : { cause }) });
}
