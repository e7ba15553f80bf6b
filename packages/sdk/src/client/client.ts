import type { Api, Problem } from './api.ts';

type Part<Name extends string, T> =
  Record<string, never> extends T ? { readonly [K in Name]?: T } : { readonly [K in Name]: T };

/** What a call of one operation takes. */
export type Input<K extends keyof Api> = Part<'params', Api[K]['params']> &
  Part<'query', Api[K]['query']> &
  ([Api[K]['body']] extends [undefined] ? { readonly body?: undefined } : { readonly body: Api[K]['body'] }) &
  (Api[K] extends { headers: { 'idempotency-key'?: string } } ? Keyed : { readonly idempotencyKey?: undefined }) & {
    readonly signal?: AbortSignal;
  };
interface Keyed {
  /** The caller's name for this action: the same again is no second one. */
  readonly idempotencyKey?: string;
}
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** An answer that is a problem (RFC 9457): `problem.code` is stable, `problem.next` says what helps. */
export class ApiProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

export interface ApiClient {
  /**
   * Calls one operation, such as `call('GET /v1/runs/:id', { params: { id } })`. Throws {@link ApiProblem} for a problem,
   * and `TypeError` where no answer came.
   */
  call<K extends keyof Api>(operation: K, input: Input<K>): Promise<Api[K]['answer']>;
  /** The address of an operation, for what is read as a stream. */
  address<K extends keyof Api>(operation: K, input: Pick<Input<K>, 'params' | 'query'>): string;
}

export interface ClientOptions {
  /** Such as `https://portreeve.example`; empty in a page of the server itself. */
  readonly baseUrl: string;
  /** A session, API or access token; without one a browser's cookie is what authenticates. */
  readonly token?: string;
  /** Told of each problem before it is thrown. */
  readonly onProblem?: (problem: Problem) => void;
}

export function createClient({ baseUrl, token, onProblem }: ClientOptions): ApiClient {
  const address = (operation: string, { params, query }: { params?: unknown; query?: unknown }) => {
    const path = operation.slice(operation.indexOf(' ') + 1);
    const filled = path.replaceAll(/:([a-z]+)/g, (_all, name: string) =>
      encodeURIComponent(String((params as Query | undefined)?.[name])),
    );
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries((query ?? {}) as Query))
      if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
    return `${baseUrl}${filled}${search.size > 0 ? `?${search}` : ''}`;
  };
  return {
    address,
    async call(operation, input) {
      const body = input.body === undefined ? undefined : JSON.stringify(input.body);
      const method = operation.slice(0, operation.indexOf(' '));
      const response = await fetch(address(operation, input), {
        method,
        redirect: 'error',
        credentials: 'same-origin',
        headers: {
          accept: 'application/json',
          // A POST without a body says so too: with a cookie nothing else is let in.
          ...(method === 'POST' || body !== undefined ? { 'content-type': 'application/json' } : {}),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(input.idempotencyKey === undefined ? {} : { 'idempotency-key': input.idempotencyKey }),
        },
        ...(method === 'POST' || body !== undefined ? { body: body ?? '{}' } : {}),
        ...(input.signal ? { signal: input.signal } : {}),
      });
      const answer: unknown = await response.json().catch(() => null);
      if (response.ok) return answer as never;
      const problem = problemOf(answer, response.status);
      onProblem?.(problem);
      throw new ApiProblem(problem);
    },
  };
}

/** What is no problem of ours comes from something between: a proxy, say. */
function problemOf(answer: unknown, status: number): Problem {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && 'title' in answer) return answer as Problem;
  return {
    type: 'about:blank',
    title: 'The server did not answer as Portreeve does',
    status,
    detail: `The answer had the status ${status} and was no problem of Portreeve.`,
    code: 'unavailable',
    next: 'Try again; if it stays, ask who runs this server.',
  } as Problem;
}
