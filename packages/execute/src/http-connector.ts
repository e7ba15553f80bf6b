import {
  assertJson,
  type CallOutcome,
  type Clock,
  type Json,
  PROOF_HEADER,
  type ToolContract,
} from '@portreeve/contract';
import { validatorOf } from './arguments.ts';
import type { Egress } from './egress.ts';
import { type Exchange, exchange } from './exchange.ts';
import { buildRequest, type HttpRequest, NotSendable } from './http-request.ts';
import type { Connector } from './ports.ts';
import { takeVerifiedCall } from './verified-call.ts';

/** An outcome before its duration is known. */
type Ending = CallOutcome extends infer O ? (O extends CallOutcome ? Omit<O, 'duration_ms'> : never) : never;

/** Bytes of an answer at the most, where the configuration says nothing else. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Calls tools over HTTP/1.1 by their `http` binding, through the egress guard alone. */
export function httpConnector(options: {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly answer_bytes_max?: number;
  /**
   * Where the address of a binding is in this environment; null where it names a system that is not configured. Asked at
   * the call and not before: an approved call keeps its contract while systems move.
   */
  readonly locate?: (url: string) => string | null;
}): Connector {
  const { egress, clock, answer_bytes_max = ANSWER_BYTES_MAX, locate = (url) => url } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      const begun = clock.now().getTime();
      const ended = (ending: Ending): CallOutcome =>
        ({ ...ending, duration_ms: Math.max(0, clock.now().getTime() - begun) }) as CallOutcome;
      let request: HttpRequest;
      try {
        const url = locate(call.contract.binding.url);
        if (url === null) throw new NotSendable(`${call.contract.binding.url} names a system that is not configured`);
        const built = buildRequest({ ...call, contract: { binding: { ...call.contract.binding, url } } }, credential);
        const proof = call.prove(built.method, built.url);
        request = { ...built, headers: { ...built.headers, [PROOF_HEADER.toLowerCase()]: proof } };
      } catch (error) {
        if (!(error instanceof NotSendable)) throw error;
        return ended({ state: 'failed', reason: error.message });
      }
      const exchanged = await exchange(egress.dispatcher, request, {
        timeout_ms: call.contract.timeout_ms,
        answer_bytes_max,
        signal,
      });
      return ended(classify(exchanged, call.contract, credential));
    },
  };
}

/**
 * What an exchange means. `failed` only where it is certain that nothing happened: it was not sent, or the downstream
 * says that it did not do it (RFC 9110: 4xx, or the target is elsewhere). All else is `unknown`.
 */
function classify(exchanged: Exchange, contract: ToolContract, credential: string | null): Ending {
  if (exchanged.kind === 'not-sent') return { state: 'failed', reason: exchanged.reason };
  if (exchanged.kind === 'no-answer') return { state: 'unknown', reason: exchanged.reason };
  const { status } = exchanged;
  if ([301, 302, 307, 308].includes(status)) {
    return { state: 'failed', status, reason: `a redirect (${status}), which is not followed` };
  }
  // 408: the downstream gave up waiting, having seen part of it. Each other 4xx says that the request was not carried out.
  if (status >= 400 && status < 500 && status !== 408) {
    return { state: 'failed', status, reason: `the downstream refused: ${status}${problemCode(exchanged)}` };
  }
  if (status < 200 || status >= 300) return { state: 'unknown', reason: `the downstream answered ${status}` };
  if (exchanged.kind === 'broken-answer') {
    return { state: 'unknown', reason: `the downstream answered ${status}, then: ${exchanged.reason}` };
  }
  const unusable = (why: string): Ending => ({ state: 'unknown', reason: `the downstream answered ${status} ${why}` });
  let result: Json;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(exchanged.body);
    if (credential !== null && credential.length >= 8 && text.includes(credential)) {
      return unusable('and sent the credential back');
    }
    const value: unknown = text === '' ? null : JSON.parse(text);
    assertJson(value);
    result = value;
  } catch {
    return unusable('with a body that is not usable JSON');
  }
  const [error] = validatorOf(contract.result, `the result of ${contract.name}`)(result);
  if (error)
    return unusable(`with a result that breaks its schema at ${error.path.replace(/[^\w/~-]/g, '?').slice(0, 100)}`);
  return { state: 'succeeded', status, result };
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
