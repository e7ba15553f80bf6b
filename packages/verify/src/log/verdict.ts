import { canonicalJson } from '../canonical.ts';
import { fromBase64Url, utf8, verifyEd25519 } from './bytes.ts';
import { type PasskeyAssertion, type PasskeyHome, verifyAssertion } from './passkey.ts';

/** What a person signed: this verdict, on exactly this proposal and decision. */
export interface VerdictStatement {
  readonly approval: string;
  readonly proposal: string;
  readonly proposal_digest: string;
  readonly verdict: string;
  readonly approver: string;
  readonly [member: string]: unknown;
}

export interface KeyVerdict {
  readonly statement: VerdictStatement;
  /** Base64url of the Ed25519 public key. */
  readonly public_key: string;
  /** Base64url of the signature. */
  readonly signature: string;
}

export interface PasskeyVerdict {
  readonly statement: VerdictStatement;
  readonly passkey: PasskeyAssertion;
}

export type SignedVerdict = KeyVerdict | PasskeyVerdict;

/** The public key that a verdict names. */
export function keyOf(signed: SignedVerdict): string {
  return 'passkey' in signed ? signed.passkey.public_key : signed.public_key;
}

/**
 * Whether the signature of a verdict is of its own public key over its own statement: over `portreeve/verdict/v1`, a
 * newline and the RFC 8785 text, by Ed25519, or by a passkey of which that is the challenge (and, with a `home`, made
 * there). Whose key it is, the caller must know.
 */
export async function verifyVerdict(signed: SignedVerdict, home: PasskeyHome | null = null): Promise<boolean> {
  const message = messageOf(signed.statement);
  if (message === null) return false;
  if ('passkey' in signed) return verifyAssertion(signed.passkey, message, home);
  const key = fromBase64Url(signed.public_key);
  const signature = fromBase64Url(signed.signature);
  if (key?.length !== 32 || signature?.length !== 64) return false;
  return verifyEd25519(key, signature, message);
}

function messageOf(statement: VerdictStatement): Uint8Array | null {
  try {
    return utf8(`portreeve/verdict/v1\n${canonicalJson(statement)}`);
  } catch {
    return null;
  }
}

const ASSERTION = ['handle', 'alg', 'public_key', 'authenticator_data', 'client_data', 'signature'] as const;

/** A verdict as it came out of JSON; `null` where it has not the form of one. */
export function readVerdict(value: unknown): SignedVerdict | null {
  const signed = value as (KeyVerdict & PasskeyVerdict) | null | undefined;
  const text = (item: unknown) => typeof item === 'string';
  const statement = signed?.statement;
  const signature = signed?.passkey
    ? ASSERTION.every((name) => text(signed.passkey[name]))
    : text(signed?.public_key) && text(signed?.signature);
  return signature &&
    typeof statement === 'object' &&
    statement !== null &&
    [statement.approval, statement.proposal, statement.proposal_digest, statement.verdict, statement.approver].every(
      text,
    )
    ? signed!
    : null;
}
