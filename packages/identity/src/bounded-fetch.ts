export type Fetch = typeof globalThis.fetch;

export interface FetchBounds {
  readonly bytes_max: number;
  /** For the answer as a whole, body included. */
  readonly timeout_ms: number;
}

/**
 * A `fetch` whose answers are bounded in size and time and whose redirects are errors, whatever the one inside does. The
 * body has been read in full when it comes back.
 */
export function boundedFetch(inner: Fetch, bounds: FetchBounds): Fetch {
  return async (input, init) => {
    const stop = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${bounds.timeout_ms} ms`));
        stop.abort();
      }, bounds.timeout_ms);
    });
    const signal = init?.signal ? AbortSignal.any([init.signal, stop.signal]) : stop.signal;
    const answer = async (): Promise<Response> => {
      const response = await inner(input, { ...init, redirect: 'manual', signal });
      if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400))
        throw new Error('a redirect is not followed');
      const body = await read(response, bounds.bytes_max);
      const { status, statusText, headers } = response;
      return new Response(status === 204 ? null : body, { status, statusText, headers });
    };
    try {
      // The race ends also where the inner fetch does not heed the signal.
      return await Promise.race([answer(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function read(response: Response, bytes_max: number): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body) {
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.byteLength;
      if (bytes > bytes_max) {
        await reader.cancel().catch(() => undefined);
        throw new Error(`the answer is larger than ${bytes_max} bytes`);
      }
      chunks.push(value);
    }
  }
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body.buffer;
}
