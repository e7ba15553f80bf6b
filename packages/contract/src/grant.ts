import { z } from 'zod';
import { digestSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';

/** The `typ` header of a grant. A verifier accepts no other. */
export const GRANT_TYPE = 'portreeve-grant+jwt';
/** The `type` of the grant's RFC 9396 authorization detail. */
export const GRANT_DETAIL_TYPE = 'urn:portreeve:grant:tool-call';
/** The header that carries a grant to a downstream system. */
export const GRANT_HEADER = 'Portreeve-Grant';
/**
 * The header that carries the executor's proof that it holds the key of the grant's `cnf`: an RFC 9449 proof, bound to
 * the grant by `ath` and to the request by `htm` and `htu`. The body is bound by the grant's own `args_digest`.
 */
export const PROOF_HEADER = 'DPoP';
/** The `typ` header of such a proof (RFC 9449, section 4.2). */
export const PROOF_TYPE = 'dpop+jwt';
/** Seconds that a grant lives at the most (requirement F6). */
export const GRANT_TTL_MAX_S = 300;

/**
 * The claims of a grant: the shape of a transaction token (draft-ietf-oauth-transaction-tokens), with an RFC 9396
 * authorization detail for the one call. All times are seconds since the epoch.
 */
export const grantClaimsSchema = z.strictObject({
  iss: z.string(),
  /** The tool's audience: one downstream. */
  aud: z.string(),
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  jti: idSchema('grant'),
  /** The transaction: the run, or the proposal where there is no run. */
  txn: z.string(),
  sub: idSchema('principal'),
  act: z.strictObject({ sub: z.string() }).optional(),
  scope: nameSchema,
  req_wl: z.string(),
  /** The executor's key (RFC 7800, RFC 9449): its RFC 7638 SHA-256 thumbprint. Nobody else can use the grant. */
  cnf: z.strictObject({ jkt: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
  authorization_details: z
    .array(
      z.strictObject({
        type: z.literal(GRANT_DETAIL_TYPE),
        actions: z.array(nameSchema).length(1),
        tool_version: z.string(),
        args_digest: digestSchema,
        max_uses: z.literal(1),
      }),
    )
    .length(1),
  tctx: z.strictObject({
    proposal: idSchema('proposal'),
    proposal_digest: digestSchema,
    workflow: nameSchema,
    release: digestSchema,
    policy_version: digestSchema,
    decision: idSchema('decision'),
    approvals: z.array(idSchema('approval')),
    approvers: z.array(idSchema('principal')),
    environment: z.string(),
  }),
});
export type GrantClaims = z.infer<typeof grantClaimsSchema>;

export const GRANT_STATES = ['issued', 'spent', 'expired', 'revoked'] as const;
export type GrantState = (typeof GRANT_STATES)[number];
