import type { PersonalKind } from './kinds.ts';

export interface VaultEntry {
  readonly pseudonym: string;
  readonly kind: PersonalKind;
  readonly value: string;
  /** Whether the value was a JSON number: it becomes one again where it stands alone. */
  readonly numeric: boolean;
}

/**
 * What stands for what, per scope (a run, or a workflow). INVARIANT: an entry never changes, and one scope never sees
 * another's. Values are encrypted wherever they are stored. `pseudonymVaultContract` in `testing` holds adapters to it.
 */
export interface PseudonymVault {
  /** All entries of a scope, in no particular order. */
  load(scope: string): Promise<readonly VaultEntry[]>;
  /**
   * Adds what is new and gives what now stands under each of the given pseudonyms, in the same order: the same entry, or
   * the one that was there before, whose value may be another.
   */
  add(scope: string, entries: readonly VaultEntry[]): Promise<readonly VaultEntry[]>;
  /** Forgets a scope, or within it some pseudonyms: afterwards nobody can restore them. How many went. */
  erase(scope: string, pseudonyms?: readonly string[]): Promise<number>;
}
