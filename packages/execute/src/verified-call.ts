import type { ExecutionId, GrantClaims, JsonObject, ToolContract } from '@portreeve/contract';

declare const verified: unique symbol;

/**
 * One call that a verified and spent grant allows. It is the only thing a connector accepts.
 *
 * INVARIANT: only the executor makes one (`verifiedCall` is not exported from the package), and it is good for one use:
 * a copy, a cast or a second use is refused at run time by {@link takeVerifiedCall}.
 */
export interface VerifiedCall {
  readonly [verified]: true;
  readonly token: string;
  readonly claims: GrantClaims;
  readonly contract: ToolContract;
  readonly args: JsonObject;
  readonly execution: ExecutionId;
  readonly idempotency_key: string;
  /** The executor's proof for one HTTP request with this grant (RFC 9449): it goes with the grant. */
  readonly prove: (method: string, url: URL) => string;
}

const unused = new WeakSet<object>();

export function verifiedCall(fields: Omit<VerifiedCall, typeof verified>): VerifiedCall {
  const call = Object.freeze({ ...fields }) as VerifiedCall;
  unused.add(call);
  return call;
}

/** Every connector calls this first. Throws for a call that the executor did not make, or that was used before. */
export function takeVerifiedCall(call: VerifiedCall): void {
  if (!unused.delete(call)) throw new TypeError('not a call that the executor has verified, or one used before');
}
