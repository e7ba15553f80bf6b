import type { Clock, RecordDraft } from '@portreeve/contract';
import { stageRecord } from './entry.ts';
import type { PayloadSealer } from './keys/sealer.ts';
import type { Redactor, StagedRecord } from './ports.ts';

/** Drafts as they are staged, in their order, each sealed for those whom it is about. */
export async function stageDrafts(
  drafts: readonly RecordDraft[],
  sealer: PayloadSealer,
  parts: { readonly log: string; readonly redactor: Redactor; readonly clock: Clock },
): Promise<StagedRecord[]> {
  const staged: StagedRecord[] = [];
  for (const draft of drafts) {
    const key = sealer.keyFor(draft);
    staged.push(stageRecord(draft, { ...parts, key: key instanceof Promise ? await key : key }));
  }
  return staged;
}
