import type { PseudonymVault, VaultEntry } from '../deidentify/vault.ts';

/** A vault in memory, for tests and for what need not outlive the process. */
export function memoryPseudonymVault(): PseudonymVault {
  const scopes = new Map<string, Map<string, VaultEntry>>();
  return {
    async load(scope) {
      return [...(scopes.get(scope)?.values() ?? [])];
    },
    async add(scope, entries) {
      const rows = scopes.get(scope) ?? new Map<string, VaultEntry>();
      scopes.set(scope, rows);
      return entries.map((entry) => {
        if (!rows.has(entry.pseudonym)) rows.set(entry.pseudonym, { ...entry });
        return rows.get(entry.pseudonym)!;
      });
    },
    async erase(scope, pseudonyms) {
      const rows = scopes.get(scope);
      if (rows === undefined) return 0;
      const gone = pseudonyms ?? [...rows.keys()];
      return gone.filter((pseudonym) => rows.delete(pseudonym)).length;
    },
  };
}
