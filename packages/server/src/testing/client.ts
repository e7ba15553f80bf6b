import type { RecordEntry } from '@portreeve/contract';

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON; the text itself where it is none. */
  readonly body: T;
  readonly text: string;
}

export interface RunEvent {
  readonly id: number;
  readonly type: string;
  readonly entry: RecordEntry;
  readonly data: unknown;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A caller of the HTTP API, with a bearer token or none. */
export interface Client {
  readonly token: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by their assertions
  call<T = any>(method: string, path: string, options?: CallOptions): Promise<Answer<T>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  get<T = any>(path: string): Promise<Answer<T>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  post<T = any>(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer<T>>;
  /** The events of a run as they arrive; ends with the stream, or when the caller stops asking. */
  events(run: string, after?: number): AsyncGenerator<RunEvent, void, undefined>;
}

/** `url` is asked for at each call: a server that was started again has another one. */
export function client(url: () => string, token: string | null): Client {
  const auth: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };

  async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(`${url()}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...auth, ...options.headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'error',
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) as T, text };
  }

  return {
    token,
    call,
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, { body, ...(headers ? { headers } : {}) }),
    async *events(run, after) {
      const controller = new AbortController();
      const query = after === undefined ? '' : `?after=${after}`;
      const response = await fetch(`${url()}/v1/runs/${run}/events${query}`, {
        headers: auth,
        signal: controller.signal,
      });
      if (response.status !== 200 || !response.body)
        throw new Error(`events: ${response.status} ${await response.text()}`);
      let rest = '';
      const decoder = new TextDecoder();
      try {
        for await (const chunk of response.body) {
          rest += decoder.decode(chunk as Uint8Array, { stream: true });
          const blocks = rest.split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) {
            const event = toEvent(block);
            if (event) yield event;
          }
        }
      } finally {
        controller.abort();
      }
    },
  };
}

/** A block of an event stream (WHATWG HTML, 9.2); null for a comment. */
function toEvent(block: string): RunEvent | null {
  const fields = new Map(
    block
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
  );
  if (fields.size === 0) return null;
  const data = JSON.parse(fields.get('data') ?? 'null') as { entry: RecordEntry; data: unknown };
  return { id: Number(fields.get('id')), type: fields.get('event') ?? '', ...data };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
