import type { IncomingMessage, ServerResponse } from 'node:http';

const BODY_BYTES_MAX = 1024 * 1024;

/** An answer that is not a success, as an RFC 9457 problem. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
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

export function sendProblem(response: ServerResponse, problem: HttpProblem): void {
  const { status, code, message, headers } = problem;
  const body = {
    type: `urn:case-system:error:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    detail: message,
    code,
  };
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    // The rest of a body that was not read must not be taken for the next request.
    connection: 'close',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

/** The JSON body of a request, of at most 1 MiB. Throws {@link HttpProblem}. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new HttpProblem(413, 'too_large', `The body may have at most ${BODY_BYTES_MAX} bytes.`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new HttpProblem(400, 'bad_request', 'The body is not JSON in UTF-8.');
  }
}
