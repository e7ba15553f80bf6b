import { randomBytes } from 'node:crypto';
import {
  digestOf,
  type KeyVerdict,
  type PreviewView,
  type VerdictKind,
  type VerdictStatement,
  verdictBytes,
} from '@portreeve/contract';
import { type SigningKey, unlockSigningKey } from '@portreeve/identity/signing-key';
import { UsageError } from './failure.ts';
import type { SignedInClient } from './session.ts';

/**
 * Signs a verdict here, on the approver's side: the server gave the wrapped key, and the password that opens it does not
 * leave this process. What is signed is what was shown: the digest comes from the view that the person saw.
 */
export async function signVerdict(
  who: SignedInClient,
  // biome-ignore lint/suspicious/noExplicitAny: the approval view of the API
  view: any,
  verdict: VerdictKind,
  reason: string,
): Promise<KeyVerdict> {
  if (!who.password)
    throw new UsageError('Signing needs the password of your account: set PORTREEVE_PASSWORD, or sign in with --as.');
  const { key } = await who.client.call<{ key: SigningKey | null }>('GET', '/v1/session/signing-key');
  if (!key) throw new UsageError(`The account ${who.name} has no signing key, so it cannot give verdicts here.`);
  const statement: VerdictStatement = {
    v: 1,
    approval: view.approval.id,
    proposal: view.approval.proposal,
    proposal_digest: view.digest,
    decision: view.approval.decision,
    ...(view.preview ? { preview_digest: shownDigest(view.preview) } : {}),
    verdict,
    approver: who.principal.id as VerdictStatement['approver'],
    reason,
    signed_at: new Date().toISOString(),
    nonce: randomBytes(24).toString('base64url'),
  };
  const signer = await unlockSigningKey(key, who.password);
  const signature = Buffer.from(signer.sign(verdictBytes(statement))).toString('base64url');
  return { statement, public_key: signer.public_key, signature };
}

/** What the person saw is what the signature names, whatever digest came with it. */
function shownDigest({ digest, shown }: PreviewView): string {
  if (digestOf(shown) === digest) return digest;
  throw new UsageError('The preview does not have the digest that came with it, so nothing was signed.');
}
