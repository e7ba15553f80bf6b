import { z } from 'zod';
import { canonicalJson } from './canonical.ts';
import { idSchema } from './ids.ts';

/**
 * How a verdict may be signed, from the weakest to the strongest. `key`: an Ed25519 key that a password opens.
 * `passkey`: a WebAuthn credential with user verification. `device_bound`: one that its device never gives away (the
 * flag `BE` of WebAuthn Level 3, 6.1, is not set).
 */
export const VERDICT_SIGNATURES = ['key', 'passkey', 'device_bound'] as const;
export type VerdictSignature = (typeof VERDICT_SIGNATURES)[number];

/** Whether one kind of signature does where another is asked for. */
export function signsAsWellAs(given: VerdictSignature, asked: VerdictSignature): boolean {
  return VERDICT_SIGNATURES.indexOf(given) >= VERDICT_SIGNATURES.indexOf(asked);
}

/** Signature algorithms of passkeys, by their JOSE names. */
export const PASSKEY_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const;
export type PasskeyAlgorithm = (typeof PASSKEY_ALGORITHMS)[number];

const base64url = (chars: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{1,${chars}}$`));

/** The credential id of WebAuthn, in base64url. */
export const passkeyHandleSchema = base64url(1364);

/** What stays the same of a passkey. */
export const passkeyKeySchema = z.strictObject({
  handle: passkeyHandleSchema,
  alg: z.enum(PASSKEY_ALGORITHMS),
  /** Base64url of the public key as SubjectPublicKeyInfo (RFC 5280). */
  public_key: base64url(1024),
});

/** A WebAuthn assertion as it is kept for evidence. Bytes are base64url. */
export const passkeyAssertionSchema = z.strictObject({
  ...passkeyKeySchema.shape,
  authenticator_data: base64url(4096),
  client_data: base64url(8192),
  signature: base64url(1024),
});
export type PasskeyAssertion = z.infer<typeof passkeyAssertionSchema>;

/** What a new passkey is enrolled by: the challenge of its ceremony is the SHA-256 of {@link enrolmentBytes}. */
export const enrolmentStatementSchema = z.strictObject({
  v: z.literal(1),
  account: idSchema('principal'),
  rp_id: z.string().min(1).max(253),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22,64}$/),
  expires_at: z.iso.datetime(),
});
export type EnrolmentStatement = z.infer<typeof enrolmentStatementSchema>;

/** A domain line, then the RFC 8785 text of the statement. */
export function enrolmentBytes(statement: EnrolmentStatement): Uint8Array {
  return new TextEncoder().encode(`portreeve/enrolment/v1\n${canonicalJson(statement)}`);
}
