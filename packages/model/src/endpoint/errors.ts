import { ProviderError, type Usage } from '../ports.ts';
import { BodyTooLarge, NotCleared } from './bounded-fetch.ts';

/** What a vendor said of a failure, read from the error of its SDK. */
export interface VendorError {
  /** Null for an error that came within a stream. */
  readonly status: number | null;
  readonly headers: Headers;
  /** The vendor's own name for it, the most exact one. */
  readonly name: string | null;
  readonly message: string | null;
}

/** Reads the error of an SDK: what the vendor said, that time ran out, or null for anything else. */
export type ReadError = (error: Error) => VendorError | 'timeout' | null;

/** Limits that waiting does not change, although they come with status 429. */
const PERMANENT_NAMES = new Set([
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'insufficient_quota',
  'billing_hard_limit_reached',
]);
/** Errors within a stream that the same question would meet again. */
const LASTING_IN_STREAM =
  /invalid_request|validation|authentication|permission|access_?denied|billing|not_found|content_filter/i;
/** There is no code for it: vendors only say so. It decides about a word, not about trying again. */
const OVERFLOW =
  /prompt is too long|input is too long|too many (input )?tokens|context[_ ](length|window)|maximum context/i;

/** The longest wait that a header may ask for; a longer one is taken as this long. */
const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000;

/** Puts an error of an SDK, of fetch or of reading the body in the words of the port. */
export function toProviderError(error: unknown, read: ReadError, usage?: Usage): ProviderError {
  const errors = chain(error);
  const ours = errors.find((at) => at instanceof ProviderError);
  if (ours) return ours;
  const facts = { cause: error, ...(usage ? { usage } : {}) };
  if (errors.some((at) => at instanceof BodyTooLarge))
    return new ProviderError('too_large', 'the answer is larger than allowed', { ...facts, transient: false });
  const uncleared = errors.find((at) => at instanceof NotCleared);
  if (uncleared) return new ProviderError('not_cleared', uncleared.message, { ...facts, transient: false });
  if (errors.some(isAbort))
    return new ProviderError('timeout', 'the answer broke off at the time limit', { ...facts, transient: true });
  const said = error instanceof Error ? read(error) : null;
  if (said === 'timeout') return new ProviderError('timeout', 'no answer in time', { ...facts, transient: true });
  if (said !== null) return fromVendor(said, facts);
  if (error instanceof SyntaxError)
    return new ProviderError('broken_answer', 'the answer is not JSON', { ...facts, transient: true });
  return new ProviderError('connection', `the connection failed${systemCode(errors)}`, { ...facts, transient: true });
}

/**
 * Takes each event of a stream. What an SDK throws over bytes that it cannot read is a broken answer; what the line or
 * the vendor did comes through as it is.
 */
export async function readEvents(
  events: AsyncIterable<unknown>,
  take: (event: unknown) => void,
  sdkError: { readonly prototype: Error },
): Promise<void> {
  try {
    for await (const event of events) take(event);
  } catch (error) {
    const plain = [Error.prototype, sdkError.prototype].includes(Object.getPrototypeOf(error));
    if (!plain || isAbort(error as Error) || systemCode(chain(error)) !== '') throw error;
    throw new ProviderError('broken_answer', 'the stream cannot be read', { transient: true, cause: error });
  }
}

function fromVendor(said: VendorError, facts: { cause: unknown; usage?: Usage }): ProviderError {
  const { status, headers, name, message } = said;
  const where = status === null ? 'within the stream' : `HTTP ${status}`;
  const overflow =
    (status === null || status === 400 || status === 413) &&
    OVERFLOW.test(`${name ?? ''} ${(message ?? '').slice(0, 500)}`);
  return new ProviderError(
    overflow ? 'context_overflow' : 'status',
    `${where} ${name ?? 'no error type'}${message === null ? '' : `: ${message}`}`,
    {
      ...facts,
      transient: !overflow && isTransient(said),
      ...(status === null ? {} : { status }),
      retry_after_ms: retryAfter(headers),
      request_id: requestIdOf(headers),
      code: name,
    },
  );
}

/** Requirement E4: only what may pass by waiting. The vendor's `x-should-retry: false` is obeyed. */
function isTransient({ status, headers, name }: VendorError): boolean {
  if (name !== null && PERMANENT_NAMES.has(name)) return false;
  if (headers.get('x-should-retry') === 'false') return false;
  if (status === null) return !LASTING_IN_STREAM.test(name ?? '');
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

const REQUEST_IDS = ['request-id', 'x-request-id', 'x-amzn-requestid', 'apim-request-id', 'x-goog-request-id'];

/** The vendor's id of a request, under whichever name it gives it. */
export function requestIdOf(headers: Headers): string | null {
  for (const name of REQUEST_IDS) {
    const id = headers.get(name);
    if (id !== null && id !== '') return id;
  }
  return null;
}

/** `retry-after-ms`, else `retry-after` in seconds or as an HTTP date, which is measured against the answer's own date. */
export function retryAfter(headers: Headers): number | null {
  const bounded = (ms: number) => (ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : null);
  const exact = number(headers.get('retry-after-ms'));
  if (exact !== null) return bounded(exact);
  const value = headers.get('retry-after');
  const seconds = number(value);
  if (seconds !== null) return bounded(seconds * 1000);
  const ms = Date.parse(value ?? '') - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(ms) ? null : bounded(ms);
}

function number(text: string | null): number | null {
  return text !== null && /^\d{1,12}(\.\d{1,6})?$/.test(text.trim()) ? Number(text) : null;
}

const isAbort = ({ name }: Error): boolean => name === 'AbortError' || name === 'TimeoutError';

/** An error and its causes, outermost first. */
function chain(error: unknown): Error[] {
  const found: Error[] = [];
  for (let at = error; found.length < 8 && at instanceof Error; at = at.cause) found.push(at);
  return found;
}

/** The operating system's word for it, such as ECONNREFUSED. */
function systemCode(errors: readonly Error[]): string {
  for (const at of errors) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code)) return ` (${code})`;
  }
  return '';
}
