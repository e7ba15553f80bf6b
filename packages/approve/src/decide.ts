import {
  type Approval,
  type AuditWriter,
  actorOf,
  draft,
  PortreeveError,
  type Principal,
  type PrincipalId,
  type RecordDraft,
  type SignedVerdict,
  type Tx,
  type VerdictKind,
} from '@portreeve/contract';
import { type ClosingDeps, close, closedError, expireIfOverdue, toApproval } from './closing.ts';
import { groupsOf, refusalOf } from './judge.ts';
import type { StoredApproval, StoredVerdict } from './ports.ts';
import type { ApprovalEvent } from './state.ts';

/**
 * What a verdict leads to, in one transaction. A refusal is a returned value, so that the transaction which records it
 * commits.
 */
export async function decideIn(
  deps: ClosingDeps & { readonly audit: AuditWriter },
  tx: Tx,
  signed: SignedVerdict,
  by: Principal,
  registered_key: string | null,
): Promise<Approval | PortreeveError> {
  const { statement } = signed;
  const refuse = async (error: PortreeveError, stored: StoredApproval | null, before: RecordDraft[] = []) => {
    const record = draft({
      type: 'approval.refused_verdict',
      actor: actorOf(by),
      refs: stored?.refs ?? { approval: statement.approval },
      outcome: error.code,
      data: { code: error.code, verdict: statement.verdict },
    });
    await deps.audit.append(tx, [...before, record]);
    return error;
  };

  const stored = await deps.store.lock(tx, statement.approval);
  if (!stored) return refuse(new PortreeveError('not_found', 'There is no such approval.'), null);
  if (stored.state !== 'pending') return refuse(closedError(stored.state), stored);
  const expired = await expireIfOverdue(deps, tx, stored);
  if (expired) return refuse(closedError('expired'), stored, [expired]);
  const refusal = refusalOf(stored, signed, by, { registered_key, now: deps.clock.now() });
  if (refusal) return refuse(refusal, stored);
  const verdict: StoredVerdict = { signed, groups: groupsOf(stored, by) };
  if (!(await deps.store.addVerdict(tx, stored.id, verdict)))
    return refuse(new PortreeveError('bad_signature', 'The nonce was used before: sign anew.'), stored);

  const voted: StoredApproval = { ...stored, verdicts: [...stored.verdicts, verdict] };
  const given = draft({
    type: 'approval.verdict',
    actor: actorOf(by),
    refs: stored.refs,
    outcome: statement.verdict,
    data: { verdict: signed },
  });
  const event = eventOf(voted, statement.verdict);
  if (event === null) {
    await deps.audit.append(tx, [given]);
    return toApproval(voted);
  }
  const { approval, record } = await close(deps, tx, voted, event, 'person', actorOf(by));
  await deps.audit.append(tx, [given, record]);
  return approval;
}

/** The distinct people who have approved so far. */
export function approversOf(approval: Pick<Approval, 'verdicts'>): PrincipalId[] {
  const approving = approval.verdicts.filter(({ statement }) => statement.verdict === 'approve');
  return [...new Set(approving.map(({ statement }) => statement.approver))];
}

function eventOf(voted: StoredApproval, verdict: VerdictKind): ApprovalEvent | null {
  if (verdict === 'deny') return 'deny';
  return approversOf(toApproval(voted)).length >= voted.quorum ? 'quorum_met' : null;
}
