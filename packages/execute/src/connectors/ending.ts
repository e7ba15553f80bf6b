import {
  assertJson,
  type CallOutcome,
  type Clock,
  isPortreeveError,
  type Json,
  type ToolContract,
} from '@portreeve/contract';
import { validatorOf } from '../arguments.ts';

/** An outcome before its duration is known. */
export type Ending = CallOutcome extends infer O ? (O extends CallOutcome ? Omit<O, 'duration_ms'> : never) : never;

/** The call cannot be made as its binding says. Nothing was sent. */
export class NotSendable extends Error {
  override readonly name = 'NotSendable';
}

/**
 * Runs one call of a connector and measures it. {@link NotSendable} is `failed`; all else that is thrown is a bug, and
 * the executor makes `unknown` of it.
 */
export async function measured(clock: Clock, call: () => Promise<Ending>): Promise<CallOutcome> {
  const begun = clock.now().getTime();
  const ended = (ending: Ending): CallOutcome =>
    ({ ...ending, duration_ms: Math.max(0, clock.now().getTime() - begun) }) as CallOutcome;
  try {
    return ended(await call());
  } catch (error) {
    if (!(error instanceof NotSendable)) throw error;
    return ended({ state: 'failed', reason: error.message });
  }
}

export type Judged = { readonly ok: true; readonly result: Json } | { readonly ok: false; readonly why: string };

/**
 * Whether an answer is the result that the contract promises: JSON, without the credential in it, and by the schema.
 * `why` is our own text; nothing of the answer stands in it.
 */
export function judgeResult(value: unknown, contract: ToolContract, secrets: readonly string[]): Judged {
  let text: string;
  try {
    assertJson(value);
    text = JSON.stringify(value);
  } catch {
    return { ok: false, why: 'with a body that is not usable JSON' };
  }
  if (sendsBack(text, secrets)) return { ok: false, why: 'and sent the credential back' };
  const [error] = validatorOf(contract.result, `the result of ${contract.name}`)(value);
  if (!error) return { ok: true, result: value };
  const path = error.path.replace(/[^\w/~-]/g, '?').slice(0, 100);
  return { ok: false, why: `with a result that breaks its schema at ${path}` };
}

/** Shorter ones are no secrets, and would be found everywhere. */
const SECRET_CHARS_MIN = 8;

export function sendsBack(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret.length >= SECRET_CHARS_MIN && text.includes(secret));
}

/** Where the address of a binding is in this environment. Throws {@link NotSendable}. */
export function located(url: string, locate: Locate): string {
  const address = locate(url);
  if (address === null) throw new NotSendable(`${url} names a system that is not configured`);
  return address;
}

/**
 * The address of `system://NAME/…` in this environment, others as they are; null where no such system is configured.
 * Asked at the call and not before: an approved call keeps its contract while systems move.
 */
export type Locate = (url: string) => string | null;

/** A stable reason without text from outside: our own detail, or the code of a network error. */
export function reasonOf(error: unknown): string {
  const own = [error, (error as Error | null)?.cause].find((each) => isPortreeveError(each));
  if (isPortreeveError(own)) return `${own.code}: ${own.detail}`;
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = (first as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? `network error ${code}` : 'network error';
}
