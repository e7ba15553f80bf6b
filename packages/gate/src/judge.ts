import type { Approval, Clock, Decision, PolicyDecider, ProposalId, Tx } from '@portreeve/contract';
import { type HistoryStore, questionsOf } from './history.ts';
import type { ApprovalService, EnvironmentReader, ProposalStore, StoredProposal } from './ports.ts';
import { type ToldApproval, toPolicyRequest } from './wish.ts';

export interface JudgeDeps {
  readonly policy: PolicyDecider;
  /**
   * The rules of a release that is pinned (invariant 9), where they are not `policy`. It rejects where they cannot be had:
   * then nothing is decided, and it is asked again later.
   */
  readonly policyOf?: (release: string) => Promise<PolicyDecider | null>;
  readonly approvals: Pick<ApprovalService, 'recheck'>;
  readonly history: HistoryStore;
  readonly environment: EnvironmentReader;
  readonly store: Pick<ProposalStore, 'get'>;
  readonly clock: Clock;
}

type Judged = Pick<StoredProposal, 'proposal' | 'workflow' | 'contract' | 'history' | 'injection'>;
export type ApprovalFacts = ToldApproval;

/** How the gate asks policy, with what holds at that moment. */
export function createJudge(deps: JudgeDeps) {
  return { judge, rulesOf, approvalFacts, frozen };

  /**
   * By which rules a proposal is decided. They may have to be read: it is never asked within a transaction, where those who
   * hold all connections would wait for another one.
   */
  async function rulesOf({ proposal }: Pick<Judged, 'proposal'>): Promise<PolicyDecider> {
    return (await deps.policyOf?.(proposal.release)) ?? deps.policy;
  }

  /**
   * Asks policy. In a transaction the history is locked until it ends: what is decided on it stays true (requirement C6).
   * Without one it is a look that may be old when the action comes to be used; it is decided again then.
   */
  async function judge(
    stored: Judged,
    approval: ApprovalFacts | null,
    within: { readonly tx: Tx; readonly rules: PolicyDecider } | null,
  ) {
    const tx = within?.tx ?? null;
    const rules = within?.rules ?? (await rulesOf(stored));
    const questions = questionsOf(stored, deps.clock.now());
    if (tx && questions.length > 0)
      await deps.history.lock(
        tx,
        questions.map(({ key }) => key),
      );
    const history = questions.length > 0 ? await deps.history.read(tx, questions, stored.proposal.id) : {};
    await deps.environment.freshen();
    const request = toPolicyRequest(stored, approval, deps.environment, history);
    return { request, decision: rules.decide(request) };
  }

  async function approvalFacts(stored: StoredProposal, approval: Approval): Promise<ApprovalFacts> {
    const checked = await deps.approvals.recheck(approval, stored.proposal);
    // Signatures that no longer verify count as no approval at all; policy then says what is missing.
    return checked.valid ? checked : { approvers: [], groups: [], by_passkey: [], by_device: [], confirmed: false };
  }

  async function frozen(id: ProposalId): Promise<Decision | null> {
    const stored = await deps.store.get(id);
    if (!stored) return null;
    const { decision } = await judge(stored, null, null);
    const standing = decision.reasons.filter(({ code }) => code === 'frozen' || code === 'maintenance');
    return standing.length > 0 ? { ...decision, reasons: standing } : null;
  }
}

/** Until when people may decide (requirement C2): the workflow says so, not policy, so that the gate adds it where it asks. */
export function withDeadline(
  decision: Decision,
  { approval_timeout_minutes: minutes }: Pick<StoredProposal, 'approval_timeout_minutes'>,
): Decision {
  if (decision.outcome !== 'approve') return decision;
  const time = `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  return { ...decision, next: `${decision.next} It is asked for ${time}, and denied if it is not approved by then.` };
}

/** What could not be narrowed is refused, never permitted as it stands. */
export function eventOf(decision: Decision): 'permit' | 'ask' | 'refuse' {
  if (decision.outcome === 'permit' || decision.outcome === 'notify') return 'permit';
  return decision.outcome === 'approve' ? 'ask' : 'refuse';
}
