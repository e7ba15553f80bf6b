import { randomBytes } from 'node:crypto';
import { signVerdict, type VerdictSigner } from '@portreeve/approve';
import type { Approval, KeyVerdict, VerdictStatement } from '@portreeve/contract';

/** A verdict on what was shown, signed as a person's own machine signs it; `over` changes the statement before. */
export function signStatement(
  { approval, digest }: { readonly approval: Approval; readonly digest: string },
  said: Pick<VerdictStatement, 'verdict' | 'approver' | 'reason'>,
  signer: VerdictSigner,
  over: Partial<VerdictStatement> = {},
): Promise<KeyVerdict> {
  const statement = {
    v: 1 as const,
    approval: approval.id,
    proposal: approval.proposal,
    proposal_digest: digest,
    decision: approval.decision,
    ...(approval.preview_digest === null ? {} : { preview_digest: approval.preview_digest }),
    ...said,
    signed_at: new Date().toISOString(),
    nonce: randomBytes(16).toString('base64url'),
    ...over,
  };
  return signVerdict(statement, signer);
}
