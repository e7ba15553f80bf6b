import type { ErasureMark, KeyId, Purpose, RunId, Tx } from '@portreeve/contract';

/** A key of one subject, for one purpose and one period, as it lies in the store: wrapped by a root key. */
export interface StoredKey {
  readonly id: KeyId;
  /** A principal's id, `sub_…` for somebody outside, or `house`. */
  readonly subject: string;
  readonly purpose: Purpose;
  /** The month it was made in, UTC, as `2026-11`. */
  readonly period: string;
  /** Which root key wraps it, in the words of the {@link KeyWrapper}. */
  readonly root: string;
  readonly wrapped: string;
}

/** Where keys lie. Losing a row is losing what it sealed; a row that was erased never comes back. */
export interface KeyStore {
  /** Keeps a key, durable when it resolves, whatever becomes of a transaction that is open meanwhile. */
  insert(key: StoredKey): Promise<void>;
  /** The newest key of a subject for a purpose and period. */
  newest(subject: string, purpose: Purpose, period: string): Promise<StoredKey | null>;
  /** Those that are still there. */
  get(ids: readonly KeyId[]): Promise<StoredKey[]>;
  /** What became of keys that are not there any more. */
  marks(ids: readonly KeyId[]): Promise<ReadonlyMap<KeyId, ErasureMark>>;

  /** Whom a run is about, in the transaction that submits it. */
  declare(tx: Tx, run: RunId, workflow: string, subjects: readonly string[]): Promise<void>;
  subjectsOf(run: RunId): Promise<string[]>;

  /** Keys that another root key wraps than this, at most `limit`, in the order of their id. */
  wrappedOtherwise(root: string, limit: number): Promise<StoredKey[]>;
  /** Puts other wrappings in place of those that stand there; gives how many were still there. */
  rewrap(keys: readonly Pick<StoredKey, 'id' | 'root' | 'wrapped'>[]): Promise<number>;
}
