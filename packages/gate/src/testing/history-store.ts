import type { ProposalId } from '@portreeve/contract';
import type { HistoryAnswers, HistoryEntry, HistoryStore } from '../history.ts';

/** In memory there is one transaction at a time, so that nothing needs a lock. */
export function memoryHistoryStore(): HistoryStore & { snapshot(): () => void } {
  let rows: readonly (HistoryEntry & { readonly state: 'taken' | 'succeeded' })[] = [];
  return {
    snapshot() {
      const before = rows;
      return () => {
        rows = before;
      };
    },
    async lock() {},
    async read(_tx, questions, except) {
      const answers: HistoryAnswers = {};
      for (const { name, key, kind, counts, since } of questions) {
        const found = rows.filter(
          (row) =>
            row.key === key &&
            row.proposal !== except &&
            row.at > since &&
            (counts === 'attempted' || row.state === 'succeeded'),
        );
        if (kind === 'count') answers[name] = found.length;
        else if (kind === 'sum') {
          const sum = found.reduce((total, { amount }) => total + amount, 0);
          if (!Number.isSafeInteger(sum)) throw new RangeError(`the sum ${name} is not exact any more`);
          answers[name] = sum;
        } else answers[name] = [...new Set(found.flatMap((row) => row[kind]))].sort();
      }
      return answers;
    },
    async take(_tx, entries) {
      rows = [...rows, ...entries.map((entry) => ({ ...entry, state: 'taken' as const }))];
    },
    async succeed(_tx, proposal: ProposalId) {
      rows = rows.map((row) => (row.proposal === proposal ? { ...row, state: 'succeeded' as const } : row));
    },
    async release(_tx, proposal: ProposalId) {
      rows = rows.filter((row) => row.proposal !== proposal);
    },
    async forget(now) {
      const before = rows.length;
      rows = rows.filter(({ forget_at }) => forget_at > now);
      return before - rows.length;
    },
  };
}
