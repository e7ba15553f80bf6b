import { APIConnectionTimeoutError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { ProviderError } from '../ports.ts';
import { BodyTooLarge, NotCleared } from './bounded-fetch.ts';

/** Answers of status 429 that waiting does not change. */
const PERMANENT_CODES = new Set(['enforced_spend_limit_reached', 'contract_spend_limit_reached']);

/** The longest wait that a header may ask for; a longer one is taken as this long. */
const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000;

/** Puts an error of the SDK, of fetch or of reading the body in the words of the port. */
export function toProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (chain(error).some((at) => at instanceof BodyTooLarge)) {
    return new ProviderError('too_large', 'the answer is larger than allowed', { transient: false, cause: error });
  }
  const uncleared = chain(error).find((at) => at instanceof NotCleared);
  if (uncleared) return new ProviderError('not_cleared', uncleared.message, { transient: false, cause: error });
  if (error instanceof APIConnectionTimeoutError || error instanceof APIUserAbortError) {
    return new ProviderError('timeout', 'no answer in time', { transient: true, cause: error });
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return new ProviderError('timeout', 'the answer broke off at the time limit', { transient: true, cause: error });
  }
  if (error instanceof APIError && typeof error.status === 'number') return fromStatus(error, error.status);
  if (error instanceof SyntaxError) {
    return new ProviderError('broken_answer', 'the answer is not JSON', { transient: true, cause: error });
  }
  return new ProviderError('connection', `the connection failed${systemCode(error)}`, {
    transient: true,
    cause: error,
  });
}

function fromStatus(error: APIError, status: number): ProviderError {
  const name = error.errorCode ?? error.type ?? 'no error type';
  const said = error.apiMessage === null ? '' : `: ${error.apiMessage}`;
  return new ProviderError('status', `HTTP ${status} ${name}${said}`, {
    transient: isTransient(error, status),
    status,
    retry_after_ms: retryAfter(error.headers ?? new Headers()),
    request_id: error.requestID ?? null,
    code: error.errorCode ?? error.type ?? null,
    cause: error,
  });
}

/** Requirement E4: only what may pass by waiting. The vendor's `x-should-retry: false` is obeyed. */
function isTransient(error: APIError, status: number): boolean {
  if (error.errorCode !== null && PERMANENT_CODES.has(error.errorCode)) return false;
  if (error.headers?.get('x-should-retry') === 'false') return false;
  return status === 408 || status === 409 || status === 429 || status >= 500;
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

/** An error and its causes, outermost first. */
function chain(error: unknown): Error[] {
  const found: Error[] = [];
  for (let at = error; found.length < 8 && at instanceof Error; at = at.cause) found.push(at);
  return found;
}

/** The operating system's word for it, such as ECONNREFUSED. */
function systemCode(error: unknown): string {
  for (const at of chain(error)) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code)) return ` (${code})`;
  }
  return '';
}
