import { type Clearance, clearanceSchema, covers, type Label } from '@portreeve/contract';

/** The answer's body is larger than allowed; nothing more of it is read. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The version of the Messages API that this adapter speaks: the one that the pinned SDK is written for. */
export const API_VERSION = '2026-10-21';

/** What the endpoint is not cleared for; nothing was sent. */
export class NotCleared extends Error {
  override readonly name = 'NotCleared';
}

/** Carries a question's label through the SDK to {@link boundedFetch}. It is never sent. */
const LABEL_HEADER = 'x-portreeve-label';

export function labelHeader(label: Pick<Label, 'confidentiality' | 'categories'>): Record<string, string> {
  const { confidentiality, categories } = label;
  return { [LABEL_HEADER]: JSON.stringify({ confidentiality, categories }) };
}

export interface BoundedFetchOptions {
  readonly authorization: string;
  readonly bytes_max: number;
  readonly clearance: Clearance;
}

/**
 * A fetch for the SDK that sends exactly our own headers (the SDK would add some from `ANTHROPIC_CUSTOM_HEADERS`, and
 * facts about this machine), follows no redirect (it would carry the question elsewhere), and stops reading at
 * `bytes_max`.
 * INVARIANT: nothing leaves without a label that the clearance covers, however the question came here (requirement D10).
 */
export function boundedFetch(
  inner: typeof fetch,
  { authorization, bytes_max, clearance }: BoundedFetchOptions,
): typeof fetch {
  const headers = {
    accept: 'application/json',
    'anthropic-version': API_VERSION,
    authorization,
    'content-type': 'application/json',
    'user-agent': 'portreeve',
  };
  return async (input, init) => {
    assertCleared(clearance, new Headers(init?.headers).get(LABEL_HEADER));
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

function assertCleared(clearance: Clearance, carried: string | null): void {
  if (carried === null) throw new NotCleared('a question without a label is not sent');
  // A label's half that matters here has the form of a clearance.
  const label = clearanceSchema.safeParse(parsed(carried)).data;
  if (label === undefined) throw new NotCleared('a question whose label cannot be read is not sent');
  if (!covers(clearance, label))
    throw new NotCleared(`the endpoint is not cleared for ${label.confidentiality} data of this kind`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
