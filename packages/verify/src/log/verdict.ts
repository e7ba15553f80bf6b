import { canonicalJson } from '../canonical.ts';
import { fromBase64Url, utf8, verifyEd25519 } from './bytes.ts';

/** What a person signed: this verdict, on exactly this proposal and decision. */
export interface VerdictStatement {
  readonly approval: string;
  readonly proposal: string;
  readonly proposal_digest: string;
  readonly verdict: string;
  readonly approver: string;
  readonly [member: string]: unknown;
}

export interface SignedVerdict {
  readonly statement: VerdictStatement;
  /** Base64url of the Ed25519 public key. */
  readonly public_key: string;
  /** Base64url of the signature. */
  readonly signature: string;
}

/**
 * Whether the signature of a verdict is of its own public key over its own statement: Ed25519 over
 * `portreeve/verdict/v1`, a newline and the RFC 8785 text. Whose key it is, the caller must know.
 */
export async function verifyVerdict(signed: SignedVerdict): Promise<boolean> {
  const key = fromBase64Url(signed.public_key);
  const signature = fromBase64Url(signed.signature);
  if (key?.length !== 32 || signature?.length !== 64) return false;
  try {
    return await verifyEd25519(key, signature, utf8(`portreeve/verdict/v1\n${canonicalJson(signed.statement)}`));
  } catch {
    return false;
  }
}

/** A verdict as it came out of JSON; `null` where it has not the form of one. */
export function readVerdict(value: unknown): SignedVerdict | null {
  const signed = value as SignedVerdict | null | undefined;
  const text = (item: unknown) => typeof item === 'string';
  const statement = signed?.statement;
  return text(signed?.public_key) &&
    text(signed?.signature) &&
    typeof statement === 'object' &&
    statement !== null &&
    [statement.approval, statement.proposal, statement.proposal_digest, statement.verdict, statement.approver].every(
      text,
    )
    ? signed!
    : null;
}
