import { type Clock, PortreeveError, type RecordDraft, type Tx } from '@portreeve/contract';
import { stageRecord } from './entry.ts';
import type { PayloadSealer } from './keys/sealer.ts';
import type { AuditStore, Redactor, StagedRecord } from './ports.ts';

/** Drafts as they are staged, in their order, each sealed for those whom it is about. */
export async function stageDrafts(
  drafts: readonly RecordDraft[],
  sealer: PayloadSealer,
  parts: { readonly log: string; readonly redactor: Redactor; readonly clock: Clock },
): Promise<StagedRecord[]> {
  // All at once: who records for many runs that it has never seen would wait for one look after the other.
  const keys = await Promise.all(drafts.map((draft) => sealer.keyFor(draft)));
  return drafts.map((draft, index) => stageRecord(draft, { ...parts, key: keys[index]! }));
}

/** Stages them in a transaction. INVARIANT: whatever stands in the way, who records is told `audit_unavailable`. */
export async function stageIn(
  tx: Tx,
  store: Pick<AuditStore, 'stage'>,
  log: string,
  staged: readonly StagedRecord[],
): Promise<void> {
  await store.stage(tx, log, staged).catch((cause: unknown) => {
    if (cause instanceof PortreeveError) throw cause;
    throw new PortreeveError('audit_unavailable', 'The record could not be written.', { cause });
  });
}
