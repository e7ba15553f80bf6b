import { z } from 'zod';
import { canonicalJson, digestSchema } from './canonical.ts';
import { idSchema } from './ids.ts';

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export const VERDICTS = ['approve', 'deny'] as const;
export type VerdictKind = (typeof VERDICTS)[number];

/** What a person signs (requirement F5): this verdict, by this person, on exactly this proposal and decision. */
export const verdictStatementSchema = z.strictObject({
  v: z.literal(1),
  approval: idSchema('approval'),
  proposal: idSchema('proposal'),
  proposal_digest: digestSchema,
  decision: idSchema('decision'),
  /** The digest of the preview that the person was shown; only where the approval has one. */
  preview_digest: digestSchema.optional(),
  verdict: z.enum(VERDICTS),
  approver: idSchema('principal'),
  reason: z.string().max(2000),
  signed_at: z.iso.datetime(),
  /** At least 128 random bits, so that no two statements are the same bytes. */
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22,64}$/),
});
export type VerdictStatement = z.infer<typeof verdictStatementSchema>;

/** A statement, the key that signed it, and the signature. Kept as evidence; checkable offline. */
export const signedVerdictSchema = z.strictObject({
  statement: verdictStatementSchema,
  /** Base64url of the 32-byte Ed25519 public key (RFC 8037 `x`). */
  public_key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** Base64url of the 64-byte Ed25519 signature over {@link verdictBytes}. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type SignedVerdict = z.infer<typeof signedVerdictSchema>;

/** The bytes that a verdict's signature covers: a domain line, then the RFC 8785 text of the statement. */
export function verdictBytes(statement: VerdictStatement): Uint8Array {
  return new TextEncoder().encode(`portreeve/verdict/v1\n${canonicalJson(statement)}`);
}

export const approvalSchema = z.strictObject({
  id: idSchema('approval'),
  proposal: idSchema('proposal'),
  proposal_digest: digestSchema,
  decision: idSchema('decision'),
  /** The digest of the preview that belongs to it; null where the tool offers none. */
  preview_digest: digestSchema.nullable(),
  /** Everybody in the `act` chain of the request: none of them may approve. */
  requesters: z.array(z.string()),
  groups: z.array(z.string()).min(1),
  quorum: z.int().min(1),
  state: z.enum(APPROVAL_STATES),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  closed_at: z.iso.datetime().nullable(),
  verdicts: z.array(signedVerdictSchema),
});
export type Approval = z.infer<typeof approvalSchema>;
