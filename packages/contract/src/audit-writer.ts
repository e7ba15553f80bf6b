import type { RecordDraft } from './records.ts';
import type { Tx } from './tx.ts';

/** The one way to write the record. Both ways throw where it cannot be written; then nothing may happen (G3). */
/**
 * Where a record that stands for itself gets its place: `next`, as soon as there is one; `behind`, behind all that was
 * committed before the call, so that the log tells a story in its order.
 */
export type RecordPlace = 'next' | 'behind';

export interface AuditWriter {
  /**
   * Records what a transaction changes: durable with it or not at all. The records get their place in the log, and with
   * it their proof, right after it commits.
   */
  append(tx: Tx, drafts: readonly RecordDraft[]): Promise<void>;
  /** Records what stands for itself, as a look or a refusal; durable when it resolves. Never inside a transaction. */
  record(drafts: readonly RecordDraft[], place?: RecordPlace): Promise<void>;
}
