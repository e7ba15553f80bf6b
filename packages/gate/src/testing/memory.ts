import { type DecisionId, ESCALATIONS_MAX, type Handoff, type HandoffId, type ProposalId } from '@portreeve/contract';
import { pageOf } from '@portreeve/contract/testing';
import type { HandoffStore, Notice, NoticeStore, ProposalStore, StoredProposal } from '../ports.ts';

export function memoryProposalStore(): ProposalStore & { snapshot(): () => void } {
  const proposalsById = new Map<ProposalId, StoredProposal>();
  return {
    snapshot() {
      const before = new Map(proposalsById);
      return () => replace(proposalsById, before);
    },
    async insert(_tx, stored) {
      if (proposalsById.has(stored.proposal.id)) return false;
      proposalsById.set(stored.proposal.id, stored);
      return true;
    },
    get: async (id) => proposalsById.get(id) ?? null,
    lock: async (_tx, id) => proposalsById.get(id) ?? null,
    async hold(_tx, id) {
      const stored = proposalsById.get(id);
      return stored ? { state: stored.state, grant: stored.grant } : null;
    },
    async update(_tx, { id }, patch) {
      const stored = proposalsById.get(id);
      if (stored) proposalsById.set(id, { ...stored, ...patch });
    },
    settlingBy: async (now, limit) =>
      [...proposalsById.values()]
        .flatMap(({ proposal, settlement }) => (settlement?.next ? [{ id: proposal.id, at: settlement.next.at }] : []))
        .filter(({ at }) => Date.parse(at) <= now.getTime())
        .sort((a, b) => (a.at < b.at ? -1 : 1))
        .slice(0, limit)
        .map(({ id }) => id),
    effectsIn: async (run, limit) =>
      [...proposalsById.values()]
        .filter(({ proposal, state }) => proposal.run === run && EFFECTS.includes(state))
        // What nobody knows of goes first, then the latest; of one moment, what was proposed last.
        .reverse()
        .sort((a, b) => Date.parse(b.succeeded_at ?? '9999-12-31') - Date.parse(a.succeeded_at ?? '9999-12-31'))
        .slice(0, limit),
    repeats: async ({ id, digest, run }, since) =>
      [...proposalsById.values()].some(
        ({ proposal, succeeded_at }) =>
          proposal.id !== id &&
          proposal.digest === digest &&
          proposal.run === run &&
          succeeded_at !== null &&
          (run !== null || Date.parse(succeeded_at) >= since.getTime()),
      ),
    ofExecution: async (execution) =>
      [...proposalsById.values()].find(
        (each) => each.execution === execution || each.settlement?.calls.some((call) => call.execution === execution),
      ) ?? null,
  };
}

export function memoryHandoffStore(): HandoffStore & { snapshot(): () => void } {
  const handoffsById = new Map<HandoffId, Handoff>();
  return {
    snapshot() {
      const before = new Map(handoffsById);
      return () => replace(handoffsById, before);
    },
    async insert(_tx, handoff) {
      handoffsById.set(handoff.id, handoff);
    },
    get: async (id) => handoffsById.get(id) ?? null,
    lock: async (_tx, id) => handoffsById.get(id) ?? null,
    async update(_tx, locked, patch) {
      handoffsById.set(locked.id, { ...locked, ...patch });
    },
    due: async (at, limit) =>
      [...handoffsById.values()]
        .filter(({ state, level, due_at }) => state !== 'done' && level < ESCALATIONS_MAX && due_at <= at)
        .sort((a, b) => (a.due_at < b.due_at ? -1 : 1))
        .slice(0, limit)
        .map(({ id }) => id),
    async list({ states, kind, run, group, assignee, order, after, limit = 100 }) {
      const found = [...handoffsById.values()]
        .filter((handoff) => states?.includes(handoff.state) ?? true)
        .filter((handoff) => kind === undefined || handoff.kind === kind)
        .filter((handoff) => run === undefined || handoff.run === run)
        .filter((handoff) => group === undefined || handoff.group === group)
        .filter((handoff) => assignee === undefined || handoff.assignee === assignee);
      return pageOf(found, { order, after, limit });
    },
  };
}

export function memoryNoticeStore(): NoticeStore & { snapshot(): () => void } {
  const noticesByDecision = new Map<DecisionId, Notice>();
  return {
    snapshot() {
      const before = new Map(noticesByDecision);
      return () => replace(noticesByDecision, before);
    },
    async insert(_tx, notice) {
      noticesByDecision.set(notice.decision, notice);
    },
    async list({ groups, limit, after }) {
      const place = ({ posted_at, decision }: Notice) => `${posted_at} ${decision}`;
      const last = after === undefined ? undefined : noticesByDecision.get(after);
      if (after !== undefined && last === undefined) return [];
      return [...noticesByDecision.values()]
        .filter((notice) => notice.groups.some((group) => groups.includes(group)))
        .filter((notice) => last === undefined || place(notice) < place(last))
        .sort((a, b) => (place(a) > place(b) ? -1 : 1))
        .slice(0, limit);
    },
  };
}

const EFFECTS: readonly string[] = ['succeeded', 'settling', 'retrying', 'unknown'];

function replace<K, V>(target: Map<K, V>, source: ReadonlyMap<K, V>): void {
  target.clear();
  for (const [key, value] of source) target.set(key, value);
}
