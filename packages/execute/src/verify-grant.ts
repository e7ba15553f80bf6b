import {
  type Clock,
  digestOf,
  GRANT_TTL_MAX_S,
  GRANT_TYPE,
  type GrantClaims,
  grantClaimsSchema,
  PortreeveError,
  type Proposal,
  proposalDigest,
  type ToolContract,
} from '@portreeve/contract';
import type { JSONWebKeySet } from 'jose';
import { validatorOf } from './arguments.ts';
import { createJwsCheck, type VerifiedJws } from './grant-jws.ts';
import { GRANT_CHARS_MAX } from './grant-limits.ts';

export interface GrantRules {
  /** Public keys of the gatekeeper. A key that the token brings along is never looked at. */
  readonly jwks: JSONWebKeySet;
  readonly issuer: string;
  readonly environment: string;
  readonly workload: string;
  /** The thumbprint of this executor's own key. */
  readonly jkt: string;
  readonly clock: Clock;
}

/**
 * Whether this token is a grant for exactly this proposal, by this tool contract, here and now. Everything is computed
 * anew from the proposal that will be used; nothing in it is believed. Throws `grant_invalid`, `grant_expired`,
 * `grant_mismatch` or `bad_request`.
 */
export function createGrantCheck(
  rules: GrantRules,
): (token: string, proposal: Proposal, contract: ToolContract) => GrantClaims {
  const verified = createJwsCheck(rules.jwks);

  return (token, proposal, contract) => {
    const claims = readClaims(token, contract);
    assertSameCall(claims, proposal, contract, rules);
    const errors = validatorOf(contract.args, `the arguments of ${contract.name}`)(proposal.args);
    if (errors.length > 0) {
      throw new PortreeveError('bad_request', `The arguments do not satisfy the schema of ${contract.name}.`, {
        errors,
      });
    }
    // A result schema that does not compile must be found before the call, not when its answer is there.
    validatorOf(contract.result, `the result of ${contract.name}`);
    return claims;
  };

  function readClaims(token: string, contract: ToolContract): GrantClaims {
    if (typeof token !== 'string' || token.length > GRANT_CHARS_MAX) {
      throw new PortreeveError('grant_invalid', `A grant has at most ${GRANT_CHARS_MAX} characters.`);
    }
    let jws: VerifiedJws;
    try {
      jws = verified(token);
    } catch (cause) {
      // One sentence for every broken or foreign signature: it must not tell a forger which part was wrong.
      throw new PortreeveError('grant_invalid', 'The grant is not signed as a grant must be.', { cause });
    }
    assertMeantForUs(jws, contract, rules);
    const claims = grantClaimsSchema.safeParse(jws.claims);
    if (!claims.success) {
      throw new PortreeveError('grant_invalid', 'The grant does not have the claims of a grant.', {
        cause: claims.error,
      });
    }
    if (claims.data.exp - claims.data.iat > GRANT_TTL_MAX_S) {
      throw new PortreeveError('grant_invalid', `The grant lives longer than ${GRANT_TTL_MAX_S} seconds.`);
    }
    return claims.data;
  }
}

/** The claims that a verifier must have, in the order in which they are missed. */
const REQUIRED = ['iss', 'aud', 'sub', 'jti', 'exp', 'nbf', 'iat'];

/** The rules of RFC 7519 for type, issuer, audience and time. */
function assertMeantForUs(
  { typ, claims }: VerifiedJws,
  { audience }: ToolContract,
  { issuer, clock }: GrantRules,
): void {
  const now = Math.floor(clock.now().getTime() / 1000);
  if (typ !== GRANT_TYPE) throw notAccepted('typ');
  const missing = REQUIRED.find((claim) => !Object.hasOwn(claims, claim));
  if (missing !== undefined) throw notAccepted(missing);
  const { iss, aud, iat, nbf, exp } = claims;
  if (iss !== issuer) throw notAccepted('iss');
  // One of several audiences is no grant either: the schema of the claims says so.
  if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) throw notAccepted('aud');
  if (typeof iat !== 'number') throw notAccepted('iat');
  // Both comparisons say what must be so: a clock that tells no time lets nothing through.
  if (typeof nbf !== 'number' || !(nbf <= now)) throw notAccepted('nbf');
  if (typeof exp !== 'number') throw notAccepted('exp');
  if (!(exp > now)) throw new PortreeveError('grant_expired', 'The time of the grant is over.');
}

function notAccepted(claim: string): PortreeveError {
  if (claim === 'aud') return new PortreeveError('grant_mismatch', 'The grant is for another downstream system.');
  if (claim === 'nbf') return new PortreeveError('grant_invalid', 'The grant is not valid yet.');
  return new PortreeveError('grant_invalid', `The grant's ${claim} is not accepted.`);
}

function assertSameCall(claims: GrantClaims, proposal: Proposal, contract: ToolContract, rules: GrantRules): void {
  const [detail] = claims.authorization_details;
  const act = proposal.principal.act[0]?.id;
  const expected: readonly (readonly [what: string, granted: unknown, actual: unknown])[] = [
    ['environment', claims.tctx.environment, rules.environment],
    ['executor', claims.req_wl, rules.workload],
    ['executor key', claims.cnf.jkt, rules.jkt],
    ['proposal', claims.tctx.proposal, proposal.id],
    ['tool', claims.scope, proposal.tool],
    ['tool', detail!.actions[0], contract.name],
    ['tool', proposal.tool, contract.name],
    ['tool version', detail!.tool_version, contract.version],
    ['tool version', proposal.tool_version, contract.version],
    ['arguments', detail!.args_digest, digestOf(proposal.args)],
    ['proposal digest', claims.tctx.proposal_digest, proposalDigest(proposal)],
    ['transaction', claims.txn, proposal.run ?? proposal.id],
    ['principal', claims.sub, proposal.principal.id],
    ['actor', claims.act?.sub, act],
    ['workflow', claims.tctx.workflow, proposal.workflow],
    ['release', claims.tctx.release, proposal.release],
  ];
  for (const [what, granted, actual] of expected) {
    if (granted !== actual) throw new PortreeveError('grant_mismatch', `The grant is for another ${what}.`);
  }
}
