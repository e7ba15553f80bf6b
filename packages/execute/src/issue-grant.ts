import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  type Approval,
  type Clock,
  type Decision,
  digestOf,
  type Executable,
  GRANT_DETAIL_TYPE,
  GRANT_TTL_MAX_S,
  GRANT_TYPE,
  type GrantClaims,
  grantClaimsSchema,
  newId,
  PortreeveError,
  type PrincipalId,
  proposalDigest,
  type ToolContract,
} from '@portreeve/contract';
import type { JSONWebKeySet } from 'jose';
import { validatorOf } from './arguments.ts';
import { createJwsSigner } from './grant-jws.ts';
import { DEFAULT_WORKLOAD, GRANT_CHARS_MAX } from './grant-limits.ts';

export interface GrantIssuerOptions {
  /** Ed25519. Only the gatekeeper holds it. */
  readonly privateKey: KeyObject;
  readonly keyId: string;
  /** The `iss` claim: this Portreeve's address or name. */
  readonly issuer: string;
  readonly environment: string;
  readonly clock: Clock;
  /** Seconds that a grant lives, from 1 to 300. */
  readonly ttl_s?: number;
  /** The `req_wl` claim: the executor that may use the grant. */
  readonly workload?: string;
  /**
   * The `cnf` claim: the thumbprint of the executor's own key, from {@link thumbprintOf}. A function chooses one for each
   * grant, where several executors run apart.
   */
  readonly executor_jkt: string | (() => Promise<string>);
}

export interface GrantInput {
  /** By its type no planted one. */
  readonly proposal: Executable;
  /** The decision that permits it: after an approval, the one made with the approval. */
  readonly decision: Decision;
  readonly contract: ToolContract;
  readonly approvals: readonly Approval[];
}

export interface IssuedGrant {
  readonly token: string;
  readonly claims: GrantClaims;
}

export interface GrantIssuer {
  /**
   * Signs a grant for exactly this proposal: an EdDSA JWT of type `portreeve-grant+jwt`. Throws `grant_mismatch` where
   * the parts do not belong together, `grant_invalid` where the decision does not permit or an approval is not
   * complete, `bad_request` where the arguments do not satisfy the tool's schema.
   */
  issue(input: GrantInput): Promise<IssuedGrant>;
  /** The public key, for the executor and for systems downstream (RFC 7517). */
  jwks(): JSONWebKeySet;
}

export function createGrantIssuer(options: GrantIssuerOptions): GrantIssuer {
  const { privateKey, issuer, environment, clock, keyId, ttl_s = 120, workload = DEFAULT_WORKLOAD } = options;
  const { executor_jkt } = options;
  if (!Number.isInteger(ttl_s) || ttl_s < 1 || ttl_s > GRANT_TTL_MAX_S) {
    throw new PortreeveError('misconfigured', `A grant lives from 1 to ${GRANT_TTL_MAX_S} seconds, not ${ttl_s}.`);
  }
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw new PortreeveError('misconfigured', 'Grants are signed with an Ed25519 private key.');
  }
  const signed = createJwsSigner(privateKey, { typ: GRANT_TYPE, kid: keyId });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const jwks: JSONWebKeySet = {
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: x!, kid: keyId, alg: 'EdDSA', use: 'sig' }],
  };

  return {
    jwks: () => structuredClone(jwks),
    async issue(input) {
      assertPermitted(input);
      const { proposal, decision, contract, approvals } = input;
      const now = Math.floor(clock.now().getTime() / 1000);
      const claims = grantClaimsSchema.parse({
        iss: issuer,
        aud: contract.audience,
        iat: now,
        nbf: now,
        exp: now + ttl_s,
        jti: newId('grant', clock),
        txn: proposal.run ?? proposal.id,
        sub: proposal.principal.id,
        ...(proposal.principal.act[0] ? { act: { sub: proposal.principal.act[0].id } } : {}),
        scope: contract.name,
        req_wl: workload,
        cnf: { jkt: typeof executor_jkt === 'string' ? executor_jkt : await executor_jkt() },
        authorization_details: [
          {
            type: GRANT_DETAIL_TYPE,
            actions: [contract.name],
            tool_version: contract.version,
            args_digest: digestOf(proposal.args),
            max_uses: 1,
          },
        ],
        tctx: {
          proposal: proposal.id,
          proposal_digest: proposal.digest,
          workflow: proposal.workflow,
          release: proposal.release,
          policy_version: decision.policy_version,
          decision: decision.id,
          approvals: approvals.map((approval) => approval.id),
          approvers: approversOf(approvals),
          environment,
        },
      });
      const token = signed(claims);
      if (token.length > GRANT_CHARS_MAX) {
        throw new PortreeveError('too_large', `The grant would be longer than ${GRANT_CHARS_MAX} characters.`);
      }
      return { token, claims };
    },
  };
}

/**
 * The last look before something is signed. The gate has decided all of this already; a mistake there must not become a
 * right.
 */
function assertPermitted({ proposal, decision, contract, approvals }: GrantInput): void {
  const invalid = (detail: string) => new PortreeveError('grant_invalid', detail);
  const mismatch = (detail: string) => new PortreeveError('grant_mismatch', detail);
  if (decision.outcome !== 'permit' && decision.outcome !== 'notify') {
    throw invalid(`The decision says ${decision.outcome}: there is nothing to grant.`);
  }
  if (proposal.tool !== contract.name || proposal.tool_version !== contract.version) {
    throw mismatch('The proposal is for another tool or another version of it.');
  }
  if (proposalDigest(proposal) !== proposal.digest) throw mismatch('The proposal is not what its digest says.');
  const errors = validatorOf(contract.args, `the arguments of ${contract.name}`)(proposal.args);
  if (errors.length > 0) {
    throw new PortreeveError('bad_request', `The arguments do not satisfy the schema of ${contract.name}.`, { errors });
  }
  for (const approval of approvals) {
    if (approval.proposal !== proposal.id || approval.proposal_digest !== proposal.digest) {
      throw mismatch('An approval is for another proposal.');
    }
    if (approval.state !== 'approved' || approversOf([approval]).length < approval.quorum) {
      throw invalid('An approval is not complete.');
    }
    if (approval.confirm_by !== null && !isConfirmed(approval))
      throw invalid('It is not confirmed by who it is done for.');
  }
}

function isConfirmed({ confirm_by, verdicts }: Approval): boolean {
  return verdicts.some(({ statement }) => statement.verdict === 'confirm' && statement.approver === confirm_by);
}

function approversOf(approvals: readonly Approval[]): PrincipalId[] {
  const statements = approvals.flatMap((approval) => approval.verdicts.map((verdict) => verdict.statement));
  return [...new Set(statements.filter((s) => s.verdict === 'approve').map((s) => s.approver))];
}
