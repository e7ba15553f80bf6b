/** The answer's body is larger than allowed; nothing more of it is read. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The version of the Messages API that this adapter speaks: the one that the pinned SDK is written for. */
export const API_VERSION = '2026-10-21';

/**
 * A fetch for the SDK that sends exactly our own headers (the SDK would add some from `ANTHROPIC_CUSTOM_HEADERS`, and
 * facts about this machine), follows no redirect (it would carry the question elsewhere), and stops reading at
 * `bytes_max`.
 */
export function boundedFetch(inner: typeof fetch, authorization: string, bytes_max: number): typeof fetch {
  const headers = {
    accept: 'application/json',
    'anthropic-version': API_VERSION,
    authorization,
    'content-type': 'application/json',
    'user-agent': 'portreeve',
  };
  return async (input, init) => {
    const response = await inner(input, { ...init, headers, redirect: 'error' });
    if (response.body === null) return response;
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
    return new Response(counted, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  };
}
