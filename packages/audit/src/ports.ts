import type { Json, JsonObject, Tx } from '@portreeve/contract';

/** What a record can be searched by; taken from its entry, and checked against it by `verify`. */
export interface RecordColumns {
  readonly type: string;
  readonly time: Date;
  readonly actor_id: string;
  /** Who acted for the actor, or the actor itself where that is an agent. */
  readonly agent: string | null;
  readonly outcome: string;
  /** Reason codes. */
  readonly codes: readonly string[];
  readonly run: string | null;
  readonly workflow: string | null;
  readonly tool: string | null;
  readonly proposal: string | null;
  readonly approval: string | null;
  readonly model: string | null;
  readonly prompt: string | null;
  readonly prompt_version: string | null;
  readonly policy_version: string | null;
  readonly release: string | null;
}

/** What a record can be searched by as one value. */
export type SearchValues = Partial<Record<Exclude<keyof RecordColumns, 'time' | 'codes'> | 'code', string>>;

/** A record that has been made and lacks only its place in the log. */
export interface StagedRecord {
  /** RFC 8785 text of the entry, with the index 0. */
  readonly entry: string;
  /** RFC 8785 text, sealed by the keys that the entry names. */
  readonly payload: string;
  /** A record of this key is written once in a log. */
  readonly key: string | null;
}

/** A staged record as it waits in the store. */
export interface PendingRecord {
  readonly id: number;
  readonly entry: string;
  readonly payload: string;
}

export interface NewRecord {
  readonly index: number;
  readonly entry: string;
  readonly payload: string;
  /** RFC 6962 leaf hash of the entry, as it was when it was appended. */
  readonly leaf: Uint8Array;
}

export interface StoredRecord {
  readonly index: number;
  /** The Merkle leaf: RFC 8785 text, exactly as it was appended. */
  readonly entry: string;
  /** The sealed payload, as it was staged; `null` where it is gone. */
  readonly payload: string | null;
}

/**
 * The levels whose nodes are stored: the leaves, beside their records, and the roots of whole tiles of 256 (C2SP
 * tlog-tiles). The levels between are computed from them.
 */
export const TILE_HEIGHT = 8;

/** The root of one complete subtree: it covers the leaves from `index * 2^level` up to `(index + 1) * 2^level`. */
export interface StoredNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** The nodes of one level from `from` up to and without `to`. */
export interface NodeRange {
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

export interface StoredCheckpoint {
  /** Counts the checkpoints of a log from 0: an empty period adds one of the same size. */
  readonly seq: number;
  readonly size: number;
  readonly time: Date;
  /** The C2SP signed note, with the cosignatures that came since. */
  readonly note: string;
}

export interface NewCosignature {
  /** The number of the checkpoint. */
  readonly seq: number;
  /** The name of the witness in the configuration. */
  readonly witness: string;
  /** Whole signature lines, newlines included. */
  readonly lines: string;
}

export interface Head {
  /** The highest stored index and one; 0 for an empty log. */
  readonly size: number;
  /** The time of the last record, RFC 3339 as it stands there. */
  readonly time: string | null;
  /** The size of the newest checkpoint; 0 where there is none. */
  readonly signed_size: number;
}

/** A search as the store runs it: bounds are checked before. */
export interface StoreSearch {
  readonly equals: SearchValues;
  /** Only records of one of these workflows; `null`: of any and of none. */
  readonly workflows: readonly string[] | null;
  /** Any of these types; `null`: all. */
  readonly types: readonly string[] | null;
  readonly since: Date | null;
  readonly until: Date | null;
  /** Tokens of words that must all stand in the payload's text; phrases in double quotes, `-token` excludes. */
  readonly words: string | null;
  /** Gives only records beyond this index, in the direction of `order`. */
  readonly after: number | null;
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  /**
   * In place of `order`: by the values of a column, and newest first where they are the same; `descending` turns all of
   * that round. Records without a value are left out. `after` is then the last record of the page before.
   */
  readonly sort?: StoreSort | null;
}

/** Columns that an index orders. */
export const SORT_COLUMNS = [
  ...(['type', 'actor_id', 'agent', 'outcome', 'workflow', 'tool', 'model', 'policy_version', 'release'] as const),
] as const satisfies readonly (keyof RecordColumns)[];

export interface StoreSort {
  readonly column: (typeof SORT_COLUMNS)[number];
  readonly descending: boolean;
}

/** One write of the sequencer: records that follow each other, the tree nodes that they complete, and what they were staged as. */
export interface Batch {
  /** How many records the log holds before. The store refuses the batch where that is not so: no gap, no fork. */
  readonly from: number;
  readonly records: readonly NewRecord[];
  /** Those above the leaves whose level is a multiple of {@link TILE_HEIGHT}. */
  readonly nodes: readonly StoredNode[];
  /** The staged records that these are: removed in the same step. */
  readonly pending: readonly number[];
}

/**
 * The right to give records their place, held by one process at a time. It rests on one connection: who loses that
 * loses both the right and the means.
 */
export interface Lead {
  /** The oldest staged records, at most `limit`; none that a {@link append} before has taken. */
  pending(limit: number): Promise<PendingRecord[]>;
  /** Writes a batch, whole or not at all. Calls may follow each other without waiting; they are done in order. */
  append(batch: Batch): Promise<void>;
  /** Resolves when the right is lost, or was given back. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/**
 * Where the log lies. Records, nodes and checkpoints are insert-only: there is no method that changes or removes one.
 * Methods that take `Tx | null` read what that transaction sees, or what is committed.
 */
export interface AuditStore {
  /**
   * Keeps records until they get their place, in the caller's transaction, with its end. Leaves out those whose key has been
   * used. Where they cannot be written the transaction fails with `audit_unavailable`.
   */
  stage(tx: Tx, log: string, records: readonly StagedRecord[]): Promise<void>;
  /** Waits until this process leads the log. `onStaged` is called when another process asks that it looks for staged records. */
  lead(log: string, options: { readonly signal: AbortSignal; onStaged(): void }): Promise<Lead>;
  /** The newest and the oldest staged record that are committed; `null` where none is. */
  staged(log: string): Promise<{ readonly oldest: number; readonly newest: number } | null>;
  /** Asks the process that leads to look for staged records now. */
  callLead(log: string): Promise<void>;

  /**
   * Makes room for so many records from an index on, apart from those of other logs and in parts that can be taken out
   * when they are old.
   */
  prepare(log: string, from: number, count: number): Promise<void>;
  /**
   * Up to which index whole parts of the log hold only records from before that time; `null` where no part does. A
   * multiple of 256: the tree over what is below is known without its leaves.
   */
  detachable(log: string, before: Date): Promise<number | null>;
  /** Takes the parts below an index out of the log. Their nodes stay. */
  detach(log: string, below: number): Promise<void>;
  head(tx: Tx | null, log: string): Promise<Head>;
  /** Stored nodes. Every range has a level that is a multiple of {@link TILE_HEIGHT}. */
  nodes(tx: Tx | null, log: string, ranges: readonly NodeRange[]): Promise<StoredNode[]>;
  record(log: string, index: number): Promise<StoredRecord | null>;
  /** The stored rows from an index on, in the order of their index; gaps are not filled. */
  records(log: string, from: number, limit: number): Promise<StoredRecord[]>;
  /** The entries alone from an index on, up to and without `to`, in the order of their index. */
  entries(log: string, from: number, to: number): Promise<string[]>;

  /**
   * Makes the oldest records that cannot be searched yet searchable, at most `limit`; gives how many there were. `words`
   * tells what each can be found by, as tokens with spaces between.
   */
  index(log: string, limit: number, words: (records: readonly StoredRecord[]) => Promise<string[]>): Promise<number>;
  /** Takes away the words of records that one of these keys sealed, in the transaction that erases the keys. */
  forgetWords(tx: Tx, keys: readonly string[]): Promise<void>;
  /** What records from an index on are filed under, in the order of their index. */
  indexed(log: string, from: number, limit: number): Promise<IndexedRecord[]>;
  search(log: string, search: StoreSearch): Promise<StoredRecord[]>;

  /** Waits for the right to sign and holds it until the transaction ends. */
  lockCheckpoints(tx: Tx, log: string): Promise<void>;
  appendCheckpoint(tx: Tx, log: string, checkpoint: StoredCheckpoint): Promise<void>;
  /** The newest one, or of the newest thousand the newest that so many witnesses have cosigned. */
  newestCheckpoint(tx: Tx | null, log: string, cosignatures?: number): Promise<StoredCheckpoint | null>;
  /** Keeps a cosignature beside the note of a checkpoint. One by the same witness is kept as it was. */
  addCosignature(log: string, cosignature: NewCosignature): Promise<void>;
  /** In the order of their number, from one on. */
  checkpoints(log: string, from: number, limit: number): Promise<StoredCheckpoint[]>;
}

export interface IndexedRecord {
  readonly index: number;
  readonly columns: RecordColumns;
}

/** Takes secrets and personal values out of what is recorded. */
export interface Redactor {
  text(text: string): string;
  value(value: JsonObject): JsonObject;
  value(value: Json): Json;
  /** The value that a mark of this redactor stands for, if it is in this data; `null` otherwise. */
  behind(value: Json, mark: string): string | null;
}

/** Signs notes with one key. */
export interface NoteSigner {
  readonly name: string;
  /** The public half, as `<name>+<key id>+<base64>` (C2SP signed-note). */
  readonly vkey: string;
  /** The signed note for a text that ends in a newline. */
  sign(text: string): string;
}

/** Cosigns checkpoints with one key (C2SP tlog-cosignature). */
export interface Cosigner {
  readonly name: string;
  readonly vkey: string;
  /** The signature line, newline included, for the body of a checkpoint. */
  cosign(text: string, time: Date): string;
}

/** A second store that checkpoints and tiles are written to, as C2SP tlog-tiles lays them out. */
export interface AnchorStore {
  readonly name: string;
  /** `null` where there is nothing of that path. */
  read(path: string): Promise<Buffer | null>;
  /** Durable when it resolves; a reader sees all of it, or what was there before. */
  write(path: string, bytes: Buffer): Promise<void>;
}

/** Somebody who sees that the log only grows, and says so (C2SP tlog-witness). */
export interface Witness {
  readonly name: string;
  /** Its verifier keys. */
  readonly vkeys: readonly string[];
  /** Sends one `add-checkpoint`. Rejects where there is no answer. */
  add(body: string): Promise<{ readonly status: number; readonly text: string }>;
}
