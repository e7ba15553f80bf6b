import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Problem, problemOf, sendProblem } from './problem.ts';

export interface Reply {
  /** 200 without it. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The media type of a body that is not JSON. */
  readonly type?: string;
  readonly body: unknown;
}

/** One request, as far as a handler needs it. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What the brackets of the route's path have found, percent-decoded. */
  readonly names: readonly string[];
  /** A header that may stand there once; null where there is none. */
  header(name: string): string | null;
  /** The JSON object of the body. */
  body(): Promise<Readonly<Record<string, unknown>>>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Matched against the whole path. */
  readonly path: RegExp;
  /** Null where it has answered by itself. */
  handle(call: Call): Promise<Reply | null>;
}

/** Answers requests by the first route whose path and method fit; refuses the rest, each as a problem. */
export function createApp(options: {
  readonly system: string;
  readonly routes: readonly Route[];
  readonly body_bytes_max: number;
}): RequestListener {
  const { system, routes, body_bytes_max } = options;

  return (request, response) => {
    answer(request, response).then(
      (reply) => {
        if (reply) send(response, reply);
      },
      (error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendProblem(response, problemOf(error, system), system);
      },
    );
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<Reply | null> {
    const url = new URL(request.url ?? '/', `http://${system}`);
    const fitting = routes.filter(({ path }) => path.test(url.pathname));
    const route = fitting.find(({ method }) => method === request.method);
    if (fitting.length === 0) throw new Problem(404, 'not_found', 'There is no such address.');
    if (!route) {
      const allow = fitting.map(({ method }) => method).join(', ');
      throw new Problem(405, 'method_not_allowed', 'Not this method.', { allow });
    }
    return route.handle({
      ...{ request, response, url },
      names: (route.path.exec(url.pathname) ?? []).slice(1).map(decoded),
      header: (name) => single(request, name),
      body: () => readObject(request, body_bytes_max),
    });
  }
}

function send(response: ServerResponse, { status = 200, headers = {}, type, body }: Reply): void {
  response.writeHead(status, {
    'content-type': type ?? 'application/json',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(type === undefined ? JSON.stringify(body) : body);
}

/** A text that is no percent-encoding names nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function single(request: IncomingMessage, name: string): string | null {
  const values = request.headersDistinct[name.toLowerCase()] ?? [];
  if (values.length > 1) throw new Problem(400, 'bad_request', `The header ${name} stands there twice.`);
  return values[0] ?? null;
}

async function readObject(request: IncomingMessage, bytes_max: number): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytes_max) throw new Problem(413, 'too_large', `The body may have at most ${bytes_max} bytes.`);
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Problem(400, 'bad_request', 'The body is not JSON in UTF-8.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem(400, 'bad_request', 'The body is a JSON object.');
  return body as Record<string, unknown>;
}
