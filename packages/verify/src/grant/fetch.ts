import { admit, type Granted, type GrantedTool, grantOf, PROBLEM_TYPE } from './granted.ts';
import { parseBody } from './parse-body.ts';
import { GrantRefused } from './refused.ts';
import type { GrantVerifier } from './verify-grant.ts';

export interface FetchOptions extends GrantedTool {
  /** The arguments of a call. Without it they are the JSON body. */
  readonly args?: (request: Request, body: unknown) => unknown;
  /** Bytes of a body at the most: 1 MiB without it. */
  readonly body_bytes_max?: number;
}

/**
 * A handler of fetch requests (Deno, Bun, Cloudflare Workers, Next.js, a service worker) that runs only with a grant for
 * exactly this call. Whatever else comes is answered with a problem (RFC 9457). The body was read: use `granted.args`.
 */
export function withGrant(
  verifier: GrantVerifier,
  options: FetchOptions,
  handler: (request: Request, granted: Granted) => Response | Promise<Response>,
): (request: Request) => Promise<Response> {
  const { args = (_: Request, body: unknown) => body, body_bytes_max = 1024 * 1024 } = options;
  return async (request) => {
    const { pathname: path } = new URL(request.url);
    const received = { method: request.method, path, header: (name: string) => request.headers.get(name) };
    const problem = await admit(request, verifier, options, received, async () =>
      args(request, parseBody(await textOf(request, body_bytes_max))),
    );
    if (!problem) return handler(request, grantOf(request));
    const headers = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' };
    return new Response(JSON.stringify(problem), { status: problem.status, headers });
  };
}

/** A body of at most `bytes_max`. Throws `mismatch` for a longer one, and for one that is no text. */
async function textOf(request: Request, bytes_max: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = request.body?.getReader();
  let text = '';
  let bytes = 0;
  try {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      bytes += piece.value.length;
      if (bytes > bytes_max) break;
      text += decoder.decode(piece.value, { stream: true });
    }
    text += decoder.decode();
  } catch (cause) {
    throw new GrantRefused('mismatch', 'The body is not text.', { cause });
  }
  if (bytes <= bytes_max) return text;
  await reader?.cancel();
  throw new GrantRefused('mismatch', `The body has more than ${bytes_max} bytes.`);
}
