import { type Clearance, covers } from '@portreeve/contract';
import { currentScope } from './question-scope.ts';
import type { TokenSource } from './token.ts';

/** The answer's body is larger than allowed; nothing more of it is read. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** What the endpoint is not cleared for; nothing was sent. */
export class NotCleared extends Error {
  override readonly name = 'NotCleared';
}

/** Bytes of an answer that are read at the most: the text that we accept, escaped, and the message around it. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** As a stream each few characters stand in an event of their own. */
const STREAM_BYTES_MAX = 32 * 1024 * 1024;

export interface BoundedFetchOptions {
  /** Where the token comes from; null where the SDK signs the request instead. */
  readonly credential: TokenSource | null;
  /** All headers of a request, made from the token and from those that the SDK would send. */
  readonly headers: (token: string, given: Headers) => Readonly<Record<string, string>>;
  readonly clearance: Clearance;
}

/**
 * A fetch for an SDK that sends exactly our own headers (an SDK adds some from environment variables, and facts about
 * this machine), follows no redirect (it would carry the question elsewhere), and stops reading at a bound.
 * INVARIANTS: nothing leaves without a label that the clearance covers, however the question came here (requirement D10);
 * an attempt sends one request, so that nothing but our own resilience can repeat one.
 */
export function boundedFetch(
  inner: typeof fetch,
  { credential, headers, clearance }: BoundedFetchOptions,
): typeof fetch {
  return async (input, init) => {
    const scope = currentScope();
    if (scope === undefined) throw new NotCleared('a request that belongs to no question is not sent');
    if (!covers(clearance, scope.label))
      throw new NotCleared(`the endpoint is not cleared for ${scope.label.confidentiality} data of this kind`);
    const token = credential === null ? '' : await credential.get();
    const own = headers(token, new Headers(init?.headers));
    if (scope.used) throw new Error('the SDK tried a second request in one attempt');
    scope.used = true;
    scope.watch.sent?.();
    const response = await inner(input, { ...init, headers: own, redirect: 'error' });
    scope.watch.began?.(response.status);
    if (response.status === 401) credential?.rejected(token);
    return bounded(response);
  };
}

function bounded(response: Response): Response {
  if (response.body === null) return response;
  const streamed = /event-?stream/.test(response.headers.get('content-type') ?? '');
  const bytes_max = streamed ? STREAM_BYTES_MAX : ANSWER_BYTES_MAX;
  let bytes = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > bytes_max) controller.error(new BodyTooLarge(`the answer is larger than ${bytes_max} bytes`));
        else controller.enqueue(chunk);
      },
    }),
  );
  const { status, statusText } = response;
  return new Response(counted, { status, statusText, headers: response.headers });
}
