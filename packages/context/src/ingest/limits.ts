import type { RefusalReason } from './document.ts';

/** Bounds on one document and all that lies inside it. */
export interface IngestLimits {
  readonly bytes_max: number;
  /** Bytes that all compressed parts together may unpack to. */
  readonly expanded_bytes_max: number;
  readonly depth_max: number;
  /** Documents inside documents. */
  readonly nested_max: number;
  /** Parts of a mail, entries of a package, pages. */
  readonly parts_max: number;
  readonly blocks_max: number;
  readonly block_chars_max: number;
  readonly text_chars_max: number;
  readonly findings_max: number;
}

export const INGEST_LIMITS: IngestLimits = {
  bytes_max: 64 * 1024 * 1024,
  expanded_bytes_max: 64 * 1024 * 1024,
  depth_max: 256,
  nested_max: 3,
  parts_max: 1000,
  blocks_max: 20_000,
  block_chars_max: 4000,
  text_chars_max: 4_000_000,
  findings_max: 1000,
};

/** Ends the reading of one document. Never leaves `ingest`: its reason becomes the outcome. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
