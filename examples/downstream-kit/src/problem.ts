import type { ServerResponse } from 'node:http';
import { GrantKeysUnavailable, GrantRefused } from '@portreeve/verify';

/** An answer that is not a success: it is sent as an RFC 9457 problem with a stable code. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What an error is to the caller. What is not ours to tell becomes `internal`. */
export function problemOf(error: unknown, system: string): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof GrantRefused) return new Problem(error.status, `grant_${error.code}`, error.message);
  if (error instanceof GrantKeysUnavailable) return new Problem(503, 'keys_unavailable', error.message);
  return new Problem(500, 'internal', `An error of the ${system} itself.`);
}

export function sendProblem(response: ServerResponse, problem: Problem, system: string): void {
  const { status, code, message, headers } = problem;
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    // The rest of a body that was not read must not be taken for the next request.
    connection: 'close',
    ...headers,
  });
  const title = code.replaceAll('_', ' ');
  response.end(JSON.stringify({ type: `urn:${system}:error:${code}`, title, status, detail: message, code }));
}
