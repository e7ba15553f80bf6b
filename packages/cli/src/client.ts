import { problemSchema } from '@portreeve/contract';
import { ProblemError } from './failure.ts';

export interface ServerEvent {
  readonly id: number;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the record's type; the renderers know it
  readonly data: { readonly entry: any; readonly data: any; readonly acceptable_use?: string | null };
}

export interface OpenRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Talks to a Portreeve server over its HTTP API. Every refusal comes back as a {@link ProblemError}. */
export class Client {
  readonly url: string;
  readonly #token: string | null;

  constructor(url: string, token: string | null) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are described by the API; callers name what they use
  async call<T = any>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await this.#fetch(method, path, body, headers);
    return (await response.json()) as T;
  }

  /** One request as it is, with our token. Gives whatever the server answers; throws {@link ProblemError} where it does not. */
  async open(method: 'GET' | 'POST' | 'DELETE', path: string, request: OpenRequest): Promise<Response> {
    const { headers, body, signal } = request;
    return this.#send(method, path, headers, body, signal);
  }

  /** The lines of a JSON Lines answer, as they come. */
  async *lines(path: string): AsyncIterable<unknown> {
    const response = await this.#fetch('GET', path);
    for await (const line of splitLines(response)) if (line) yield JSON.parse(line);
  }

  /** The records of a run as they are written. Comes back by itself where the connection breaks; ends with the run. */
  async *runEvents(run: string, signal: AbortSignal): AsyncIterable<ServerEvent> {
    let last = -1;
    while (!signal.aborted) {
      try {
        const response = await this.#fetch('GET', `/v1/runs/${run}/events?after=${last}`, undefined, {}, signal);
        let event = '';
        for await (const line of splitLines(response)) {
          if (line.startsWith('event: ')) event = line.slice('event: '.length);
          if (line.startsWith('id: ')) last = Number(line.slice('id: '.length));
          if (line.startsWith('data: ')) {
            yield { id: last, type: event, data: JSON.parse(line.slice('data: '.length)) as ServerEvent['data'] };
            if (event === 'run.ended') return;
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ProblemError) throw error;
        await new Promise((next) => setTimeout(next, 500));
      }
    }
  }

  async #fetch(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.#send(method, path, headers, text, signal);
    if (response.ok) return response;
    const parsed = problemSchema.safeParse(await response.json().catch(() => null));
    if (parsed.success) throw new ProblemError(parsed.data);
    throw new Error(`${method} ${path}: HTTP ${response.status} without a problem description`);
  }

  async #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
    signal?: AbortSignal,
  ): Promise<Response> {
    try {
      return await fetch(this.url + path, {
        method,
        headers: {
          ...headers,
          ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
        redirect: 'error',
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ProblemError({
        type: 'urn:portreeve:error:unavailable',
        title: 'Not ready',
        status: 503,
        code: 'unavailable',
        detail: `No Portreeve answers on ${this.url}.`,
        next: 'Start it with `portreeve up`, or name another one with --server.',
      });
    }
  }
}

export async function* splitLines(response: Response): AsyncIterable<string> {
  if (!response.body) return;
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest) yield rest;
}
