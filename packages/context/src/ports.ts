import type { Attachment, EvidencePlace, JsonObject, RunId, SourceContract, Tx, ValueId } from '@portreeve/contract';
import type { Finding } from './findings.ts';
import type { IngestedDocument } from './ingest/document.ts';

export interface SourceRequest {
  readonly contract: SourceContract;
  /** Validated against the contract's query schema before a reader sees it. */
  readonly query: JsonObject;
  /** What the requester attached to the task; only the attachment reader looks at it. */
  readonly attachments: readonly Attachment[];
  /** Ends the read early, besides the contract's own time limit. */
  readonly signal?: AbortSignal;
}

export interface SourceItem {
  /** Line or item number in the source, from 1. */
  readonly position: number;
  /** Declared fields only, cleaned and cut to their declared length. */
  readonly fields: JsonObject;
  /** Of a document. */
  readonly place?: EvidencePlace;
}

export interface SourceItems {
  readonly items: readonly SourceItem[];
  /** How many items the source had, read or not. */
  readonly available: number;
  /** Names of fields that the source had and the contract does not declare; sorted, bounded. */
  readonly fieldsLeftOut: readonly string[];
  readonly cutValues: number;
  readonly findings: readonly Finding[];
  /** What was read, where it was a document. */
  readonly document?: IngestedDocument;
}

/**
 * Reads one kind of source. INVARIANT: a field that the contract does not declare never leaves `read` (requirement D8).
 * Errors: `unknown_case` where the source has no such thing, `bad_input` where the query cannot name one,
 * `egress_refused` from the egress guard, `source_failed` for everything else. `sourceReaderContract` in `testing`
 * holds every reader to this.
 */
export interface SourceReader {
  readonly kind: SourceContract['binding']['kind'];
  read(request: SourceRequest): Promise<SourceItems>;
}

/** Where a reader finds the credential that a source's contract names. */
export interface SecretReader {
  /** The secret's value, or `null` where there is none of that name. */
  read(name: string): Promise<string | null>;
}

/** A labelled value as it is stored: texts, so that the bytes stay exact. Only `labelled-values.ts` makes and reads it. */
export interface StoredValue {
  readonly id: ValueId;
  readonly run: RunId;
  readonly kind: 'evidence' | 'json';
  /** Canonical JSON of the label. */
  readonly label: string;
  /** Canonical JSON of the value. */
  readonly content: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  /** Which fields are cleared when (`life/rules.ts`), canonical JSON; `null`: the value is kept. */
  readonly clearing: string | null;
  /** When the next of these rules is due, ISO 8601; `null`: none by time alone. */
  readonly clear_at: string | null;
}

export interface ContextStore {
  /** Writes a new value; an id that is there already is an error. */
  saveValue(tx: Tx, value: StoredValue): Promise<void>;
  /** What was committed under this id, or `null`. */
  loadValue(id: ValueId): Promise<StoredValue | null>;
  /** Puts less in the place of what is stored: the only change that a value may undergo. */
  shrinkValue(tx: Tx, id: ValueId, left: Pick<StoredValue, 'content' | 'clearing' | 'clear_at'>): Promise<void>;
  /** Deletes every value of a run. */
  removeValues(tx: Tx, run: RunId): Promise<void>;
  /** Values with something to clear: of one run, or due at a time. At most 100, oldest first. */
  valuesToClear(which: { readonly run: RunId } | { readonly due: string }): Promise<StoredValue[]>;
}
