import { SecretStoreError } from './store-error.ts';

/** Bytes of an answer at the most: a secret and what stands around it. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** `fetch` through an egress guard that knows the store's address alone: `createEgress(…).fetch`. */
export type GuardedFetch = typeof globalThis.fetch;

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * One request to a secret store, bounded in time and size. Rejects with `SecretStoreError` where there is no whole answer;
 * `what` names the request in it.
 */
export async function askText(
  fetch: GuardedFetch,
  url: URL,
  init: RequestInit,
  options: { readonly what: string; readonly timeout_ms: number },
): Promise<TextAnswer> {
  const { what, timeout_ms } = options;
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeout_ms) });
    return { status: response.status, text: await textOf(response, what) };
  } catch (error) {
    if (error instanceof SecretStoreError) throw error;
    const late = error instanceof Error && error.name === 'TimeoutError';
    throw new SecretStoreError(
      late ? `${what}: no answer within ${timeout_ms} ms` : `${what}: the store cannot be reached`,
    );
  }
}

async function textOf(response: Response, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX)
      throw new SecretStoreError(`${what}: an answer of more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The JSON of an answer. Rejects with a sentence that quotes nothing of it. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SecretStoreError(`${what}: the answer is no JSON`);
  }
}
