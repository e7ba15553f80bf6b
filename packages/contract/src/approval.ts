import { z } from 'zod';
import { canonicalJson, digestSchema } from './canonical.ts';
import { idSchema } from './ids.ts';
import { passkeyAssertionSchema, VERDICT_SIGNATURES } from './passkey.ts';
import type { RiskTier } from './workflow.ts';

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'amended'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** `confirm`: by the person in whose name it is done. It never counts as an approval, and no approval as it. */
export const VERDICTS = ['approve', 'deny', 'confirm'] as const;
/** What people decide about what others ask for. */
export const DECIDING_VERDICTS = ['approve', 'deny'] as const;
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

/** Signed with the key that a password opens: the way without hardware, which policy can refuse. */
export const keyVerdictSchema = z.strictObject({
  statement: verdictStatementSchema,
  /** Base64url of the 32-byte Ed25519 public key (RFC 8037 `x`). */
  public_key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** Base64url of the 64-byte Ed25519 signature over {@link verdictBytes}. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type KeyVerdict = z.infer<typeof keyVerdictSchema>;

/** Signed by a passkey: the challenge of the assertion is the SHA-256 of {@link verdictBytes}. */
export const passkeyVerdictSchema = z.strictObject({
  statement: verdictStatementSchema,
  passkey: passkeyAssertionSchema,
});
export type PasskeyVerdict = z.infer<typeof passkeyVerdictSchema>;

/** A statement with the signature on it and the key that signed. Kept as evidence; checkable offline. */
export const signedVerdictSchema = z.union([keyVerdictSchema, passkeyVerdictSchema]);
export type SignedVerdict = z.infer<typeof signedVerdictSchema>;

/** The bytes that a verdict signs: a domain line, then the RFC 8785 text of the statement. */
export function verdictBytes(statement: VerdictStatement): Uint8Array {
  return new TextEncoder().encode(`portreeve/verdict/v1\n${canonicalJson(statement)}`);
}

/** Letters and digits that a reason has at the least where one is asked for: a full stop or a blank is no reason. */
export const REASON_CHARS_MIN = 10;
export const REASON_CHARS_MAX = 500;
const CAREFUL_TIERS: readonly RiskTier[] = ['high', 'critical'];

/**
 * How many letters and digits the reason of a verdict must have: what the tool's contract says, and where it says nothing
 * {@link REASON_CHARS_MIN} for an action of tier 3 or 4 and in a workflow of high or critical risk. 0: it may be left out.
 */
export function reasonCharsOf(
  contract: { readonly tier: number; readonly reason_chars_min?: number | undefined },
  workflow: { readonly tier: RiskTier },
): number {
  const careful = contract.tier >= 3 || CAREFUL_TIERS.includes(workflow.tier);
  return contract.reason_chars_min ?? (careful ? REASON_CHARS_MIN : 0);
}

/** Whether a reason is as long as it must be, counted in letters and digits of any script. */
export function givesReason(reason: string, chars_min: number): boolean {
  return (reason.match(/[\p{L}\p{N}]/gu)?.length ?? 0) >= chars_min;
}

/** What one rule asks for: so many different people, each a member of one of these groups. */
export const demandSchema = z.strictObject({
  groups: z.array(z.string()).min(1),
  quorum: z.int().min(1),
});
export type Demand = z.infer<typeof demandSchema>;

/** Demands as few, sorted: of those for the same groups the largest quorum. */
export function mergeDemands(demands: readonly Demand[]): Demand[] {
  const byGroups = new Map<string, Demand>();
  for (const { groups: named, quorum } of demands) {
    const groups = [...new Set(named)].sort();
    const key = canonicalJson(groups);
    byGroups.set(key, { groups, quorum: Math.max(quorum, byGroups.get(key)?.quorum ?? 0) });
  }
  return [...byGroups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, demand]) => demand);
}

/** How demands are told to people: `2 of leads, and 1 of finance, security`. */
export function demandsText(demands: readonly Demand[]): string {
  return demands.map(({ groups, quorum }) => `${quorum} of ${groups.join(', ')}`).join(', and ');
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
  /** Each must be met, where one voice counts for every demand whose groups it stands for; none where only a confirmation is asked for. */
  demands: z.array(demandSchema),
  /** The groups of all demands: whose members may approve. */
  groups: z.array(z.string()),
  /** The largest quorum of the demands: with fewer voices than that it cannot be approved. */
  quorum: z.int().min(0),
  /** Who must confirm besides: the person for whom the agent acts; null where nobody must. */
  confirm_by: idSchema('principal').nullable(),
  /** What each approving verdict must be signed with at the least. A denial may be signed with any key. */
  signature: z.enum(VERDICT_SIGNATURES),
  /** Letters and digits that the reason of a verdict has at the least, whatever it says; 0 where it may be left out. */
  reason_chars_min: z.int().min(0).max(REASON_CHARS_MAX),
  state: z.enum(APPROVAL_STATES),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  closed_at: z.iso.datetime().nullable(),
  verdicts: z.array(signedVerdictSchema),
});
export type Approval = z.infer<typeof approvalSchema>;
