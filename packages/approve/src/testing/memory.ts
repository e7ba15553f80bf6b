import type { ApprovalId, Preview } from '@portreeve/contract';
import { pageOf } from '@portreeve/contract/testing';
import type { ApprovalStore, Nudges, StoredApproval } from '../ports.ts';

/** An {@link ApprovalStore} in memory. Pass it to `memoryUnitOfWork`: its turns stand in for the row lock. */
export function memoryApprovalStore(): ApprovalStore & {
  snapshot(): () => void;
  /** Changes what is stored behind the stage's back, as somebody with access to the database could. */
  tamper(id: ApprovalId, change: (stored: StoredApproval) => StoredApproval): void;
} {
  let approvals = new Map<ApprovalId, StoredApproval>();
  const previews = new Map<ApprovalId, Preview>();
  const nudges = new Map<ApprovalId, Partial<Nudges>>();
  const all = () => [...approvals.values()];
  const get = async (id: ApprovalId) => approvals.get(id) ?? null;

  return {
    snapshot() {
      const before = new Map(approvals);
      return () => {
        approvals = before;
      };
    },
    tamper(id, change) {
      approvals.set(id, change(approvals.get(id)!));
    },

    async insert(_tx, approval, preview, due) {
      if (all().some(({ proposal }) => proposal === approval.proposal)) return false;
      approvals.set(approval.id, { ...approval, verdicts: [] });
      if (preview) previews.set(approval.id, preview);
      nudges.set(approval.id, due);
      return true;
    },
    byProposal: async (_tx, proposal) => all().find((approval) => approval.proposal === proposal) ?? null,
    preview: async (id) => (approvals.has(id) ? (previews.get(id) ?? null) : null),
    lock: (_tx, id) => get(id),
    get,
    async addVerdict(_tx, id, verdict) {
      const { approver, nonce } = verdict.signed.statement;
      const approval = approvals.get(id)!;
      const voted = approval.verdicts.some(({ signed }) => signed.statement.approver === approver);
      const used = all().some(({ verdicts }) => verdicts.some(({ signed }) => signed.statement.nonce === nonce));
      if (voted || used) return false;
      approvals.set(id, { ...approval, verdicts: [...approval.verdicts, verdict] });
      return true;
    },
    async close(_tx, id, state, at) {
      const approval = approvals.get(id);
      if (approval?.state !== 'pending') return false;
      approvals.set(id, { ...approval, state, closed_at: at });
      return true;
    },
    due: async (now, limit) =>
      all()
        .filter(({ state, expires_at }) => state === 'pending' && expires_at <= now)
        .sort((left, right) => (left.expires_at < right.expires_at ? -1 : 1))
        .slice(0, limit)
        .map(({ id }) => id),
    nudgesDue: async (kind, now, limit) =>
      all()
        .filter(({ id, state }) => state === 'pending' && (nudges.get(id)?.[kind] ?? '~') <= now)
        .slice(0, limit)
        .map(({ id }) => id),
    async nudged(_tx, id, kind) {
      const { [kind]: due, ...rest } = nudges.get(id) ?? {};
      nudges.set(id, rest);
      return due !== undefined && approvals.get(id)?.state === 'pending';
    },
    pendingOf: async (_tx, requester) =>
      all()
        .filter(({ state, requesters }) => state === 'pending' && requesters.includes(requester))
        .map(({ id }) => id)
        .sort(),
    list: async (query) =>
      pageOf(
        all()
          .filter(({ state }) => query.state === null || state === query.state)
          .filter(
            ({ groups, confirm_by }) =>
              query.groups === null ||
              groups.some((group) => query.groups!.includes(group)) ||
              (query.confirm_by !== null && confirm_by === query.confirm_by),
          )
          .filter(({ requesters }) => query.requester === null || requesters.includes(query.requester)),
        query,
      ),
  };
}
