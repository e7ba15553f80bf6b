import { type Clock, PROOF_HEADER } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { VerifiedCall } from '../../verified-call.ts';
import { type Ending, judgeResult, sendsBack } from '../ending.ts';
import { type Exchange, exchange } from './exchange.ts';
import type { HttpRequest } from './http-request.ts';

/** Bytes of an answer at the most, where the configuration says nothing else. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Sends one request once, with the executor's proof for it, and says what became of it. */
export async function sendOnce(
  options: { readonly egress: Egress; readonly clock: Clock; readonly answer_bytes_max?: number },
  request: HttpRequest,
  { contract, prove }: Pick<VerifiedCall, 'contract' | 'prove'>,
  call: {
    readonly credential: string | null;
    readonly signal: AbortSignal;
    /** Gives the result for a success whose body says nothing; otherwise the body is the result. */
    readonly resultOf?: (status: number) => unknown;
  },
): Promise<Ending> {
  const { egress, clock, answer_bytes_max = ANSWER_BYTES_MAX } = options;
  const proof = { [PROOF_HEADER.toLowerCase()]: prove(request.method, request.url) };
  const proven = { ...request, headers: { ...request.headers, ...proof } };
  const exchanged = await exchange(egress.dispatcher, proven, {
    timeout_ms: contract.timeout_ms,
    answer_bytes_max,
    signal: call.signal,
  });
  if (exchanged.kind === 'not-sent') return { state: 'failed', reason: exchanged.reason };
  if (exchanged.kind === 'no-answer') return { state: 'unknown', reason: exchanged.reason };
  const ending = byStatus(exchanged, clock.now());
  if (ending !== null) return ending;
  const { status } = exchanged;
  const unknown = (why: string): Ending => ({ state: 'unknown', reason: `the downstream answered ${status}${why}` });
  if (exchanged.kind === 'broken-answer') return unknown(`, then: ${exchanged.reason}`);
  let value: unknown;
  const secrets = call.credential === null ? [] : [call.credential];
  try {
    if (call.resultOf) value = call.resultOf(status);
    else {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(exchanged.body);
      if (sendsBack(text, secrets)) return unknown(' and sent the credential back');
      value = text === '' ? null : JSON.parse(text);
    }
  } catch {
    return unknown(' with a body that is not usable JSON');
  }
  const judged = judgeResult(value, contract, secrets);
  return judged.ok ? { state: 'succeeded', status, result: judged.result } : unknown(` ${judged.why}`);
}

/**
 * What a status means; null for a success. `failed` only where it is certain that nothing happened: the downstream says
 * that it did not do it (RFC 9110: 4xx, or the target is elsewhere). All else is `unknown`.
 */
function byStatus(exchanged: Exclude<Exchange, { kind: 'not-sent' | 'no-answer' }>, now: Date): Ending | null {
  const { status } = exchanged;
  if ([301, 302, 307, 308].includes(status)) {
    return { state: 'failed', status, reason: `a redirect (${status}), which is not followed` };
  }
  const again = exchanged.kind === 'answer' ? retryAfter(exchanged.retry_after, now) : '';
  // 408: the downstream gave up waiting, having seen part of it. Each other 4xx says that the request was not carried out.
  if (status >= 400 && status < 500 && status !== 408) {
    return { state: 'failed', status, reason: `the downstream refused: ${status}${problemCode(exchanged)}${again}` };
  }
  if (status < 200 || status >= 300) return { state: 'unknown', reason: `the downstream answered ${status}${again}` };
  return null;
}

/** The `code` of a problem (RFC 9457), if it is a plain word: text from outside must not speak in our records. */
function problemCode(exchanged: Exchange): string {
  if (exchanged.kind !== 'answer') return '';
  try {
    const { code } = JSON.parse(exchanged.body.toString('utf8')) as { code?: unknown };
    return typeof code === 'string' && /^[a-z][a-z0-9_.-]{0,63}$/.test(code) ? ` (${code})` : '';
  } catch {
    return '';
  }
}

/** `Retry-After` (RFC 9110, 10.2.3), for the person who decides whether to ask again. Nobody repeats it by itself. */
function retryAfter(header: string | null, now: Date): string {
  if (header === null) return '';
  const seconds = /^\d{1,6}$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - now.getTime()) / 1000);
  return seconds > 0 && seconds < 1_000_000 ? `, it asks to wait ${seconds} s` : '';
}
