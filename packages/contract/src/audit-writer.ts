import type { RecordDraft } from './records.ts';
import type { Tx } from './tx.ts';

/**
 * The one way to write the record. Call it last in a transaction: it takes the log's lock, and what it writes commits
 * with the state change that it records.
 */
export interface AuditWriter {
  append(tx: Tx, drafts: readonly RecordDraft[]): Promise<void>;
}
