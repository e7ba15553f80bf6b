import type { ProposalId, RunId } from '@portreeve/contract';
import type { ProposalStore } from '../ports.ts';
import type { StoredUndo, StoredUnwinding, UndoStore, UnwindingStore } from '../undo/ports.ts';

export function memoryUndoStore(proposals: Pick<ProposalStore, 'get'>): UndoStore & { snapshot(): () => void } {
  let rows = new Map<ProposalId, StoredUndo>();
  return {
    snapshot() {
      const before = new Map(rows);
      return () => {
        rows = before;
      };
    },
    get: async (proposal) => rows.get(proposal) ?? null,
    async move(_tx, from, undo) {
      if ((rows.get(undo.proposal)?.state ?? 'none') !== from) return false;
      rows.set(undo.proposal, undo);
      return true;
    },
    async open(limit) {
      const open: StoredUndo[] = [];
      for (const undo of rows.values()) {
        const by = undo.state === 'unknown' && undo.by_proposal ? await proposals.get(undo.by_proposal) : null;
        if (undo.state === 'requested' || (by && by.state !== 'unknown')) open.push(undo);
      }
      return open.slice(0, limit);
    },
  };
}

export function memoryUnwindingStore(): UnwindingStore & { snapshot(): () => void } {
  let rows = new Map<RunId, StoredUnwinding>();
  return {
    snapshot() {
      const before = new Map(rows);
      return () => {
        rows = before;
      };
    },
    get: async (run) => rows.get(run) ?? null,
    async move(_tx, from, to) {
      if (JSON.stringify(rows.get(to.run) ?? null) !== JSON.stringify(from)) return false;
      rows.set(to.run, to);
      return true;
    },
    open: async (limit) => [...rows.values()].filter(({ state }) => state === 'unwinding').slice(0, limit),
  };
}
