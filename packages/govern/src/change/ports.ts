import type {
  ChangeEvent,
  ChangeId,
  ChangeKind,
  ChangePiece,
  ChangeState,
  Digest,
  Json,
  ProposalId,
  RiskTier,
  Tx,
} from '@portreeve/contract';

/** A change of surface as the register keeps it (requirement H2). Times are RFC 3339. */
export interface StoredChange {
  readonly change: ChangeId;
  readonly kind: ChangeKind;
  /** A release, `UPSTREAM/TOOL`, a part of the configuration (`source.ledger`), or `ENDPOINT/MODEL`. */
  readonly subject: string;
  /** What it was before, by its digest; null where it is new. */
  readonly from: Digest | null;
  readonly to: Digest;
  /** What it is now, where approving makes that the reviewed one; null for what is approved elsewhere. */
  readonly after: Json;
  /** The workflows that it touches. */
  readonly workflows: readonly string[];
  /** The groups whose members speak for it. */
  readonly owners: readonly string[];
  /** The highest risk tier of what it touches. */
  readonly risk: RiskTier;
  readonly pieces: readonly ChangePiece[];
  /** Why it was opened. */
  readonly reason: string;
  readonly opened_by: string;
  readonly opened_at: string;
  readonly state: ChangeState;
  /** The proposal by which people are asked to approve it, while that goes on. */
  readonly asked: { readonly proposal: ProposalId; readonly at: string } | null;
}

export type NewChange = Omit<StoredChange, 'state' | 'asked'>;

/** One decision on a change. Moves are added and never changed. */
export interface ChangeMove {
  readonly change: ChangeId;
  readonly event: ChangeEvent;
  readonly from: ChangeState;
  readonly to: ChangeState;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** The proposal by which it was allowed; null where it needs none. */
  readonly proposal: ProposalId | null;
  /** The reports that an approval rests on. */
  readonly evidence: readonly Digest[];
}

export interface ChangeFilter {
  readonly kind?: ChangeKind;
  readonly state?: ChangeState;
  readonly workflow?: string;
  readonly limit?: number;
  /** Behind this one; behind one that nobody knows stands nothing. */
  readonly after?: ChangeId;
}

/** What somebody may still decide on is live: open, or rejected. One of a subject and an end at the most is. */
export interface ChangeStore {
  /** False where a live one of the same subject to the same end is there. */
  open(tx: Tx, change: NewChange): Promise<boolean>;
  get(change: ChangeId): Promise<StoredChange | null>;
  /** Newest first. */
  list(filter: ChangeFilter): Promise<StoredChange[]>;
  /** As `get`; it does not change until the transaction ends. */
  lock(tx: Tx, change: ChangeId): Promise<StoredChange | null>;
  /** The live ones of a subject, oldest first; they do not change until the transaction ends. */
  live(tx: Tx, kind: ChangeKind, subject: string): Promise<StoredChange[]>;
  /** Writes the state and the move. False where a move of the same proposal is there already. */
  move(tx: Tx, move: ChangeMove): Promise<boolean>;
  /** Oldest first. */
  moves(change: ChangeId): Promise<ChangeMove[]>;
  /** Live ones of what is in force (configuration, model), oldest first; with a name those that touch this workflow. */
  unreviewed(workflow?: string): Promise<StoredChange[]>;
  /** Notes the proposal by which people are asked. False where there is one, or nothing to decide. */
  ask(change: ChangeId, proposal: ProposalId, at: string): Promise<boolean>;
  /** Those that people are asked about, oldest first. */
  asked(limit: number): Promise<StoredChange[]>;
  /** Forgets the proposal, so that people can be asked anew. */
  answered(change: ChangeId, proposal: ProposalId): Promise<void>;
}

/** What the owners have agreed to last, part by part; the first that was ever seen counts as agreed to. */
export interface SurfaceStore {
  /** By part. */
  digests(kind: ChangeKind): Promise<ReadonlyMap<string, Digest>>;
  get(tx: Tx, kind: ChangeKind, part: string): Promise<{ readonly digest: Digest; readonly body: Json } | null>;
  /** Where nothing is known of the part yet. */
  adopt(tx: Tx, kind: ChangeKind, part: string, body: Json): Promise<void>;
  /** In place of what was there; null: the part is gone. */
  set(tx: Tx, kind: ChangeKind, part: string, body: Json): Promise<void>;
}
