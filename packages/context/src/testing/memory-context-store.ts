import type { ContextStore, StoredValue } from '../ports.ts';

/** A context store in memory; takes part in `memoryUnitOfWork`. */
export function memoryContextStore(): ContextStore & {
  snapshot(): () => void;
  readonly rows: Map<string, StoredValue>;
} {
  const rows = new Map<string, StoredValue>();
  return {
    rows,
    snapshot() {
      const before = [...rows];
      return () => {
        rows.clear();
        for (const [id, row] of before) rows.set(id, row);
      };
    },
    async saveValue(_tx, value) {
      if (rows.has(value.id)) throw new Error(`value ${value.id} is there already`);
      rows.set(value.id, { ...value });
    },
    async loadValue(id) {
      const row = rows.get(id);
      return row ? { ...row } : null;
    },
    async shrinkValue(_tx, id, left) {
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, ...left });
    },
    async removeValues(_tx, run) {
      for (const [id, row] of rows) if (row.run === run) rows.delete(id);
    },
    async valuesToClear(which) {
      return [...rows.values()]
        .filter((row) => row.clearing !== null)
        .filter((row) => ('run' in which ? row.run === which.run : row.clear_at !== null && row.clear_at <= which.due))
        .slice(0, 100);
    },
  };
}

/** Secrets of a test, by name. */
export function memorySecretReader(secrets: Readonly<Record<string, string>>): {
  read(name: string): Promise<string | null>;
} {
  return { read: async (name) => secrets[name] ?? null };
}
