import type { DelegationStore, StoredDelegation } from '../ports.ts';

/** A {@link DelegationStore} in memory. */
export function memoryDelegationStore(): DelegationStore & { snapshot(): () => void } {
  let kept: readonly StoredDelegation[] = [];
  return {
    snapshot() {
      const before = kept;
      return () => {
        kept = before;
      };
    },
    async insert(_tx, delegation) {
      kept = [...kept, delegation];
    },
    async end(_tx, id, at) {
      const open = kept.some((each) => each.id === id && each.ended_at === null);
      kept = kept.map((each) => (each.id === id ? { ...each, ended_at: each.ended_at ?? at } : each));
      return open;
    },
    activeFor: async (delegate, now) =>
      kept.filter(
        (each) => each.delegate === delegate && each.ended_at === null && each.from_at <= now && now < each.until,
      ),
    of: async (principal) => kept.filter(({ delegator, delegate }) => [delegator, delegate].includes(principal)),
  };
}
