import {
  type PasskeyVerdict,
  type Principal,
  passkeyAssertionSchema,
  passkeyVerdictSchema,
  verdictStatementSchema,
} from '@portreeve/contract';
import type { z } from 'zod';
import type { PasskeyStore } from './ports.ts';

/** What a browser gives back of a ceremony. The statement and the key come from us, not from it. */
export const givenAssertionSchema = passkeyAssertionSchema.omit({ alg: true, public_key: true });
export type GivenAssertion = z.infer<typeof givenAssertionSchema>;

/**
 * The verdict that an assertion signs, put together from what is kept: the statement that we gave to be signed, and the
 * key of the passkey. Null where there is neither. Nothing is checked by this.
 */
export async function signedVerdictOf(
  { passkeys }: { readonly passkeys?: { readonly store: PasskeyStore } },
  assertion: GivenAssertion,
  by: Principal,
): Promise<PasskeyVerdict | null> {
  const challenge = challengeIn(assertion.client_data);
  const kept = challenge === null ? null : await passkeys?.store.challenge(challenge);
  const passkey = await passkeys?.store.passkeyByHandle(assertion.handle);
  if (kept?.purpose !== 'verdict' || kept.account !== by.id || passkey?.account !== by.id) return null;
  const statement = verdictStatementSchema.parse(JSON.parse(kept.object));
  const { alg, public_key } = passkey;
  return passkeyVerdictSchema.parse({ statement, passkey: { ...assertion, alg, public_key } });
}

function challengeIn(client_data: string): string | null {
  try {
    const { challenge } = JSON.parse(Buffer.from(client_data, 'base64url').toString('utf8'));
    return typeof challenge === 'string' && /^[A-Za-z0-9_-]{43}$/.test(challenge) ? challenge : null;
  } catch {
    return null;
  }
}
