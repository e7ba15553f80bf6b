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
  };
}

/** Secrets of a test, by name. */
export function memorySecretReader(secrets: Readonly<Record<string, string>>): {
  read(name: string): Promise<string | null>;
} {
  return { read: async (name) => secrets[name] ?? null };
}
