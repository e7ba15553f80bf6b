import type {
  ExecutionId,
  HandoffId,
  Principal,
  ProposalId,
  RunId,
  Tx,
  UndoState,
  UnwindState,
} from '@portreeve/contract';

/** The undo of one effect, as it is kept. */
export interface StoredUndo {
  /** What is to be undone. */
  readonly proposal: ProposalId;
  readonly execution: ExecutionId;
  readonly state: Exclude<UndoState, 'none'>;
  /** The proposal that is to undo it: the newest one. */
  readonly by_proposal: ProposalId | null;
  /** How often it was asked for. */
  readonly number: number;
  readonly asked_by: Principal;
  readonly reason: string;
  readonly asked_at: string;
  /** The unwinding that it is part of. */
  readonly unwinding: number | null;
  /** Why it is not undone. */
  readonly why: string | null;
  readonly handoff: HandoffId | null;
}

export interface UndoStore {
  get(proposal: ProposalId): Promise<StoredUndo | null>;
  /** Compare and set: writes it only where its state is `from`. Of any number of callers at once, one gets true. */
  move(tx: Tx, from: UndoState, undo: StoredUndo): Promise<boolean>;
  /** Those that are requested, and those whose outcome was unknown and is known by now; at most `limit`. */
  open(limit: number): Promise<StoredUndo[]>;
}

export interface Left {
  readonly proposal: ProposalId;
  readonly execution: ExecutionId | null;
  readonly tool: string;
  readonly why: string;
}

/** The unwinding of a run, as it is kept. */
export interface StoredUnwinding {
  readonly run: RunId;
  readonly workflow: string;
  readonly state: Exclude<UnwindState, 'none'>;
  readonly number: number;
  /** Who asks twice with the same key asks once. */
  readonly key: string | null;
  readonly asked_by: Principal;
  readonly reason: string;
  /** What is still to be undone, latest first. */
  readonly ahead: readonly ProposalId[];
  readonly undone: readonly ProposalId[];
  /** What can never be undone and was passed over, and after a stop also what was not reached. */
  readonly left: readonly Left[];
  readonly handoff: HandoffId | null;
}

export interface UnwindingStore {
  get(run: RunId): Promise<StoredUnwinding | null>;
  /** Compare and set on what was looked at (null: none was there). */
  move(tx: Tx, from: StoredUnwinding | null, to: StoredUnwinding): Promise<boolean>;
  /** Those that are under way, at most `limit`. */
  open(limit: number): Promise<StoredUnwinding[]>;
}
