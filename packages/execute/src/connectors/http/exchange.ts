import type { Dispatcher } from 'undici';
import { reasonOf } from '../ending.ts';
import type { HttpRequest } from './http-request.ts';

/** How far one request came. Everything but `not-sent` may have had its effect. */
export type Exchange =
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'no-answer'; readonly reason: string }
  | { readonly kind: 'broken-answer'; readonly status: number; readonly reason: string }
  | { readonly kind: 'answer'; readonly status: number; readonly body: Buffer; readonly retry_after: string | null };

export interface ExchangeLimits {
  /** For all of it, from the first look at the name to the last byte of the answer. */
  readonly timeout_ms: number;
  readonly answer_bytes_max: number;
  readonly signal: AbortSignal;
}

/** Sends one request once and never rejects. It takes no redirect and no second try. */
export function exchange(dispatcher: Dispatcher, request: HttpRequest, limits: ExchangeLimits): Promise<Exchange> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | null = null;
    let status: number | null = null;
    let retry_after: string | null = null;
    let settled = false;
    let bytes = 0;
    const chunks: Buffer[] = [];

    const settle = (result: Exchange): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', cancel);
      if (result.kind !== 'answer') controller?.abort(new Error('done'));
      resolve(result);
    };
    const broken = (reason: string): void => {
      if (!controller) settle({ kind: 'not-sent', reason });
      else if (status === null) settle({ kind: 'no-answer', reason });
      else settle({ kind: 'broken-answer', status, reason });
    };
    const cancel = (): void => broken('cancelled');
    const timer = setTimeout(() => broken(`no complete answer within ${limits.timeout_ms} ms`), limits.timeout_ms);
    limits.signal.addEventListener('abort', cancel);
    if (limits.signal.aborted) cancel();
    if (settled) return;

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // Called before the first byte is written. If nobody waits any more nothing is written; and a client that
        // wanted to send the same request again after a cut would come through here a second time.
        if (settled || controller) {
          started.abort(new Error('not sent'));
          if (controller) broken('the connection was cut');
          return;
        }
        controller = started;
      },
      onResponseStart(_, code, headers) {
        if (code < 200) return;
        status = code;
        const header = headers['retry-after'];
        retry_after = typeof header === 'string' ? header : null;
      },
      onResponseData(_, chunk) {
        bytes += chunk.length;
        if (bytes > limits.answer_bytes_max) broken(`an answer of more than ${limits.answer_bytes_max} bytes`);
        else chunks.push(chunk);
      },
      onResponseEnd() {
        if (status === null) broken('the answer has no status');
        else settle({ kind: 'answer', status, body: Buffer.concat(chunks), retry_after });
      },
      onResponseError(_, error) {
        broken(reasonOf(error));
      },
    };
    try {
      dispatcher.dispatch(
        {
          origin: request.url.origin,
          path: request.url.pathname + request.url.search,
          method: request.method,
          headers: request.headers,
          body: request.body,
          idempotent: false,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        handler,
      );
    } catch (error) {
      broken(reasonOf(error));
    }
  });
}
