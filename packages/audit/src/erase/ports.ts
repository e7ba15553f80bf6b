import type { ErasureId, ErasureMark, HoldId, KeyId, Purpose, Tx } from '@portreeve/contract';
import type { ErasureState } from './state.ts';

/** The wish that the data of one subject be erased. */
export interface Erasure {
  readonly id: ErasureId;
  readonly subject: string;
  /** Redacted. */
  readonly reason: string;
  readonly state: ErasureState;
  readonly requested_by: string;
  readonly requested_at: string;
  readonly closed_by: string | null;
  readonly closed_at: string | null;
  /** How many keys went. */
  readonly keys: number | null;
}

export const HOLD_KINDS = ['subject', 'workflow', 'purpose'] as const;
export type HoldKind = (typeof HOLD_KINDS)[number];

/** Keeps data from being erased: of one subject, of whom a workflow worked for, or of one purpose. */
export interface Hold {
  readonly id: HoldId;
  readonly kind: HoldKind;
  readonly target: string;
  /** Redacted. */
  readonly reason: string;
  readonly set_by: string;
  readonly set_at: string;
  readonly lifted_by: string | null;
  readonly lifted_at: string | null;
}

export interface ErasedKey {
  readonly id: KeyId;
  readonly purpose: Purpose;
}

/** A part of a list. */
export interface Page<Id> {
  readonly limit: number;
  /** The last one of the part before; null: from the beginning. */
  readonly after: Id | null;
}

export interface ErasureStore {
  /** Holds are set and data is erased one after the other: waits for the right, and has it until the transaction ends. */
  lockErasing(tx: Tx): Promise<void>;
  /** False where a request for this subject is open already. */
  insert(tx: Tx, erasure: Erasure): Promise<boolean>;
  lock(tx: Tx, id: ErasureId): Promise<Erasure | null>;
  close(tx: Tx, id: ErasureId, close: Pick<Erasure, 'state' | 'closed_by' | 'closed_at' | 'keys'>): Promise<void>;
  /** Newest first; `after`: behind this one. */
  list(page: Page<ErasureId>): Promise<Erasure[]>;

  insertHold(tx: Tx, hold: Hold): Promise<void>;
  lockHold(tx: Tx, id: HoldId): Promise<Hold | null>;
  liftHold(tx: Tx, id: HoldId, by: string, at: string): Promise<void>;
  /** Newest first; `all`: lifted ones too. */
  holds(all: boolean, page: Page<HoldId>): Promise<Hold[]>;
  /** Those in force that keep the data of this subject. */
  holdsOn(tx: Tx, subject: string): Promise<Hold[]>;

  /** Whether there is any key of this subject. */
  known(subject: string): Promise<boolean>;
  /** Takes every key of a subject away; gives which. */
  takeKeys(tx: Tx, subject: string): Promise<ErasedKey[]>;
  /** Takes keys of a purpose whose period is before this one, at most `limit`, but none that a hold keeps. */
  takeExpired(tx: Tx, purpose: Purpose, before: string, limit: number): Promise<ErasedKey[]>;
  /** Notes what became of keys, and tells every process to forget those that it holds open once this commits. */
  mark(tx: Tx, keys: readonly KeyId[], mark: ErasureMark): Promise<void>;
  /** Takes away keys that are marked, or that the log says are erased: those that an older backup brought back. */
  takeReturned(tx: Tx, keys: readonly KeyId[]): Promise<KeyId[]>;
}
