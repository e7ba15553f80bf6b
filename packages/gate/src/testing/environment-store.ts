import type { EnvironmentChange, EnvironmentStore } from '../environment.ts';

export function memoryEnvironmentStore(): EnvironmentStore & { snapshot(): () => void } {
  const changes: EnvironmentChange[] = [];
  return {
    snapshot() {
      const before = [...changes];
      return () => {
        changes.splice(0, changes.length, ...before);
      };
    },
    async append(_tx, change) {
      changes.push(change);
    },
    async current() {
      return {
        changes: [...new Map(changes.map((change) => [change.subject, change])).values()],
        count: changes.length,
      };
    },
    count: async () => changes.length,
    async history(limit) {
      return [...changes].reverse().slice(0, limit);
    },
  };
}
