import type { Digest, JsonObject } from '@portreeve/contract';
import type { UnicodeKind } from '../clean.ts';
import type { MapPiece } from '../text-map.ts';

/** What can be read, by the names of the IANA registry. */
export const MEDIA_TYPES = [
  'text/plain',
  'text/markdown',
  'text/html',
  'application/pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'message/rfc822',
  'application/json',
  'application/jsonl',
  'text/csv',
] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

export const BLOCK_KINDS = ['paragraph', 'heading', 'list_item', 'table_cell', 'code', 'header', 'record'] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];

/**
 * What offsets count. `utf-8`, `utf-16` and `windows-1252`: bytes of the part in that encoding. `char`: UTF-16 units of the
 * part's text, where a byte offset has no meaning (the text of a PDF page in the order of its content; a body of a mail
 * after its transfer encoding). `item`: whole records.
 */
export const OFFSET_UNITS = ['utf-8', 'utf-16', 'windows-1252', 'char', 'item'] as const;
export type OffsetUnit = (typeof OFFSET_UNITS)[number];

/**
 * A place in the original. `part` is empty for the document itself; otherwise the page (`page/3`), the part of the package
 * (`word/document.xml`), or the path of the body part (`body/2.1`), and what lies inside an attached document follows
 * behind `!` (`body/2!word/document.xml`). `start` is inclusive, `end` exclusive, both in `unit`.
 */
export interface Place {
  readonly part: string;
  readonly unit: OffsetUnit;
  readonly start: number;
  readonly end: number;
}

export interface Block extends Place {
  readonly kind: BlockKind;
  /** From 1: the number of the block; of records the line or item number. */
  readonly position: number;
  /** What a person sees, cleaned and in NFC. */
  readonly text: string;
  /** How `text` lies over the original (`text-map.ts`); offsets in `unit`. */
  readonly map: readonly MapPiece[];
  /** Of records: the object as it was parsed, neither cleaned nor minimised. Its `text` is empty. */
  readonly record?: JsonObject;
}

/** What a parser of documents notices, besides what every text is searched for. */
export type DocumentFindingKind =
  // Taken out, because a person who opens the document does not see it.
  | 'hidden_style'
  | 'hidden_attribute'
  | 'same_colour'
  | 'tiny_text'
  | 'off_screen'
  | 'never_shown'
  | 'comment'
  | 'attribute_text'
  | 'metadata_text'
  | 'generated_text'
  | 'invisible_text'
  | 'covered_text'
  | 'clipped_text'
  | 'hidden_layer'
  | 'annotation'
  | 'form_field'
  | 'hidden_run'
  | 'deleted_revision'
  | 'header_footer'
  | 'field_code'
  | 'alternate_content'
  | 'alternatives_differ'
  | 'hidden_header'
  // Kept, because a person sees it; noted, because it may mislead.
  | 'inserted_revision'
  | 'collapsed_text'
  | 'link_differs'
  | 'style_not_judged'
  | 'deceptive_name'
  | 'formula_cell'
  // About the document as a whole.
  | 'type_mismatch'
  | 'polyglot'
  | 'not_utf8'
  | 'malformed'
  | 'active_content'
  | 'external_reference'
  | 'embedded_file'
  | 'xml_doctype'
  | 'duplicate_key'
  | 'not_read'
  | 'truncated';

export const SEVERITIES = ['info', 'low', 'high'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface IngestFinding {
  readonly kind: DocumentFindingKind | UnicodeKind | 'malformed_item' | 'instruction_like' | 'role_marker';
  readonly severity: Severity;
  readonly position: Place;
  /** For a person: what was found, in our words. */
  readonly detail: string;
  /** What was taken out: cleaned, at most 300 characters. Tag characters are shown as the ASCII text that they spell. */
  readonly removed?: string;
}

export interface IngestedDocument {
  readonly media_type: MediaType;
  /** SHA-256 of the bytes that were given. */
  readonly digest: Digest;
  readonly blocks: readonly Block[];
  /** In the order they were found; at most the limit, `findings_left_out` counts the rest. */
  readonly findings: readonly IngestFinding[];
  readonly findings_left_out: number;
  /** Whether something was left unread because a limit was reached; a `truncated` finding says where. */
  readonly truncated: boolean;
  /** Of records: how many items there were, read or not. */
  readonly available: number;
}

/** Why a document was not read: a closed set. */
export const REFUSALS = [
  'too_large',
  'too_deep',
  'too_many_parts',
  'expands_too_much',
  'malformed',
  'encrypted',
  'unsupported_type',
  'time_out',
  'out_of_memory',
  'busy',
  'crashed',
] as const;
export type RefusalReason = (typeof REFUSALS)[number];

export type IngestOutcome =
  | { readonly status: 'read'; readonly document: IngestedDocument }
  | { readonly status: 'refused'; readonly reason: RefusalReason; readonly detail: string };

export interface IngestRequest {
  readonly bytes: Uint8Array;
  /** The media type that its sender claims; empty where nobody claims one. */
  readonly declared: string;
  /** The file's name, for its ending; may be empty. */
  readonly name: string;
  /** `records`: items of JSON, JSON Lines or CSV. `document`: blocks of text, of every type. */
  readonly form: 'records' | 'document';
  /** `records`: read at most so many. */
  readonly max_items?: number;
}
