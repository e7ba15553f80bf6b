import {
  type AuditWriter,
  actorOf,
  type CallOutcome,
  type Clock,
  draft,
  type ExecutionId,
  type GrantId,
  step,
  type Tx,
} from '@portreeve/contract';
import { grantRefs } from './grant-refs.ts';
import type { GrantInput, GrantIssuer, IssuedGrant } from './issue-grant.ts';
import type { ExecuteStore, GrantStore } from './ports.ts';
import { EXECUTION_TABLE, GRANT_TABLE } from './states.ts';

/** The gatekeeper's half: it makes grants and takes them back, and never uses one. */
export interface Grants {
  /** Issues a grant, keeps it, and records `grant.issued`, all in the caller's transaction. */
  issueGrant(tx: Tx, input: GrantInput): Promise<IssuedGrant>;
  /** Takes back a grant that is not used yet. False if it was spent, expired or revoked before. */
  revoke(tx: Tx, id: GrantId): Promise<boolean>;
  /**
   * Writes what was learned of an execution whose outcome was not known: that it happened, or that it did not. False
   * where it was not unknown. The caller records how it was learned.
   */
  settle(tx: Tx, id: ExecutionId, outcome: CallOutcome): Promise<boolean>;
  /** Closes the grants whose time is over; gives their ids. */
  expire(tx: Tx): Promise<GrantId[]>;
}

export function createGrants(options: {
  readonly issuer: GrantIssuer;
  readonly store: GrantStore & Pick<ExecuteStore, 'finishExecution'>;
  readonly audit: AuditWriter;
  readonly clock: Clock;
}): Grants {
  const { issuer, store, audit, clock } = options;
  return {
    async issueGrant(tx, input) {
      const issued = await issuer.issue(input);
      const { claims } = issued;
      const expires_at = new Date(claims.exp * 1000).toISOString();
      const [detail] = claims.authorization_details;
      await store.insertGrant(tx, {
        id: claims.jti,
        proposal: claims.tctx.proposal,
        proposal_digest: claims.tctx.proposal_digest,
        args_digest: detail!.args_digest,
        audience: claims.aud,
        state: 'issued',
        issued_at: new Date(claims.iat * 1000).toISOString(),
        expires_at,
      });
      await audit.append(tx, [
        draft({
          type: 'grant.issued',
          key: `grant.issued:${claims.jti}`,
          actor: actorOf(input.proposal.principal),
          refs: grantRefs(claims),
          data: {
            proposal_digest: claims.tctx.proposal_digest,
            args_digest: detail!.args_digest,
            audience: claims.aud,
            expires_at,
            approvals: claims.tctx.approvals,
          },
        }),
      ]);
      return issued;
    },
    async revoke(tx, id) {
      return (await store.moveGrant(tx, id, 'issued', step(GRANT_TABLE, 'issued', 'revoke')!)) !== null;
    },
    settle(tx, id, outcome) {
      const event = outcome.state === 'succeeded' ? 'confirm' : 'rule_out';
      const to = step(EXECUTION_TABLE, 'unknown', event)!;
      return store.finishExecution(tx, id, { from: 'unknown', to }, outcome, clock.now());
    },
    expire(tx) {
      return store.moveGrantsOver(tx, clock.now(), 'issued', step(GRANT_TABLE, 'issued', 'expire')!);
    },
  };
}
