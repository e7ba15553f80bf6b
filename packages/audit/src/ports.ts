import type { Json, JsonObject, Tx } from '@portreeve/contract';

/** What a record can be searched by; taken from its entry, and checked against it by `verify`. */
export interface RecordColumns {
  readonly type: string;
  readonly time: Date;
  readonly actor_id: string;
  readonly outcome: string;
  readonly run: string | null;
  readonly workflow: string | null;
  readonly tool: string | null;
  readonly proposal: string | null;
  readonly approval: string | null;
  readonly policy_version: string | null;
  readonly release: string | null;
}

export interface StoredRecord {
  readonly index: number;
  /** The Merkle leaf: RFC 8785 text, exactly as it was appended. */
  readonly entry: string;
  /** RFC 8785 text of the payload; `null` where it has been erased. */
  readonly payload: string | null;
  readonly columns: RecordColumns;
}

export interface NewRecord extends StoredRecord {
  readonly key: string | null;
}

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
  /** The C2SP signed note. */
  readonly note: string;
}

export interface Head {
  /** The highest stored index and one; 0 for an empty log. */
  readonly size: number;
  /** The time of the last record. */
  readonly time: Date | null;
  /** The size of the newest checkpoint; 0 where there is none. */
  readonly signed_size: number;
}

/** A search as the store runs it: bounds are checked before. */
export interface StoreSearch {
  readonly equals: Partial<Omit<RecordColumns, 'time'>>;
  /** Any of these types; `null`: all. */
  readonly types: readonly string[] | null;
  readonly since: Date | null;
  readonly until: Date | null;
  /** Words that must all stand in the payload's text; phrases in double quotes, `-word` excludes. */
  readonly words: string | null;
  /** Gives only records beyond this index, in the direction of `order`. */
  readonly after: number | null;
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
}

/**
 * Where the log lies. It is insert-only: there is no method that changes or removes a row. Methods that take `Tx | null`
 * read what that transaction sees, or what is committed.
 */
export interface AuditStore {
  /** Waits for the log's lock and holds it until the transaction ends. Later reads in it see all that is committed. */
  lock(tx: Tx, log: string): Promise<void>;
  head(tx: Tx | null, log: string): Promise<Head>;
  /** Which of these keys have been used. */
  usedKeys(tx: Tx, log: string, keys: readonly string[]): Promise<string[]>;
  /** Throws where an index, a node or a key is already there. */
  append(tx: Tx, log: string, records: readonly NewRecord[], nodes: readonly StoredNode[]): Promise<void>;
  nodes(tx: Tx | null, log: string, ranges: readonly NodeRange[]): Promise<StoredNode[]>;
  record(log: string, index: number): Promise<StoredRecord | null>;
  /** The stored rows from an index on, in the order of their index; gaps are not filled. */
  records(log: string, from: number, limit: number): Promise<StoredRecord[]>;
  search(log: string, search: StoreSearch): Promise<StoredRecord[]>;
  appendCheckpoint(tx: Tx, log: string, checkpoint: StoredCheckpoint): Promise<void>;
  newestCheckpoint(tx: Tx | null, log: string): Promise<StoredCheckpoint | null>;
  /** In the order of their number, from one on. */
  checkpoints(log: string, from: number, limit: number): Promise<StoredCheckpoint[]>;
}

/** Takes secrets and personal values out of what is recorded. */
export interface Redactor {
  text(text: string): string;
  value(value: JsonObject): JsonObject;
  value(value: Json): Json;
}

/** Signs notes with one key. */
export interface NoteSigner {
  readonly name: string;
  /** The public half, as `<name>+<key id>+<base64>` (C2SP signed-note). */
  readonly vkey: string;
  /** The signed note for a text that ends in a newline. */
  sign(text: string): string;
}
