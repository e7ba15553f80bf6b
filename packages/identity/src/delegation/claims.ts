import { type Actor, ENVIRONMENTS, idSchema } from '@portreeve/contract';
import { z } from 'zod';

/** RFC 9068, 2.1. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
/** A person's leave for one agent to act: good for one exchange and for nothing else. */
export const DELEGATION_TYPE = 'portreeve-delegation+jwt';
/** Who somebody is, for another's token endpoint (RFC 8693, `subject_token`). It is good for nothing here. */
export const SUBJECT_TYPE = 'portreeve-subject+jwt';
/** Actors in a chain at the most, the present one included. */
export const ACT_DEPTH_MAX = 4;

/** RFC 8693, 4.1: who acts now, and inside it who acted before. */
export interface ActClaim {
  readonly sub: string;
  readonly act?: ActClaim | undefined;
}
const actSchema: z.ZodType<ActClaim> = z.strictObject({
  sub: idSchema('principal'),
  act: z.lazy(() => actSchema).optional(),
});

const common = {
  iss: z.string(),
  aud: z.string(),
  sub: idSchema('principal'),
  jti: idSchema('token'),
  /** Seconds since the epoch, as `nbf` and `exp`. */
  iat: z.int().min(0),
  nbf: z.int().min(0),
  exp: z.int().min(0),
  scope: z.string().max(4096),
  environment: z.enum(ENVIRONMENTS),
};

/** The claims of an access token (RFC 9068, with `act` of RFC 8693). A strict form: we are its only issuer. */
export const accessClaimsSchema = z.strictObject({ ...common, client_id: idSchema('principal'), act: actSchema });
export type AccessClaims = z.infer<typeof accessClaimsSchema>;

/** The claims of a delegation: `may_act` (RFC 8693, 4.4) names the one agent that it is for. */
export const delegationClaimsSchema = z.strictObject({
  ...common,
  may_act: z.strictObject({ sub: idSchema('principal') }),
});
export type DelegationClaims = z.infer<typeof delegationClaimsSchema>;

/** Outermost first. */
export function actorsOf(claim: ActClaim): Actor[] {
  return [{ id: claim.sub, kind: 'agent' }, ...(claim.act ? actorsOf(claim.act) : [])];
}

export function actClaimOf(actors: readonly Actor[]): ActClaim {
  const [outermost, ...earlier] = actors;
  if (!outermost) throw new TypeError('an act claim names at least one actor');
  return { sub: outermost.id, ...(earlier.length > 0 ? { act: actClaimOf(earlier) } : {}) };
}
