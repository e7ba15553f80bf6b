import { PortreeveError, type RecordPayload } from '@portreeve/contract';
import type { SignedCheckpoint } from './checkpoint.ts';
import type { OpenedRecord } from './keys/sealer.ts';
import type { AuditStore } from './ports.ts';
import { consistencySpans, inclusionSpans, verifyInclusion } from './proof.ts';
import { toPayload } from './search.ts';
import { broken, spanHashes } from './stored-tree.ts';

/** Proves to somebody without access to the log that one record stands in it. */
export interface Receipt {
  /** A `c2sp.org/tlog-proof@v1` text. */
  readonly proof: string;
  /** The bytes of the leaf. */
  readonly entry: string;
  /** Bound by `payload_digest` in the entry; `null` where it has been erased. */
  readonly payload: RecordPayload | null;
}

export async function inclusionProof(
  store: AuditStore,
  log: string,
  index: number,
  size: number,
): Promise<Uint8Array[]> {
  await assertSize(store, log, size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new PortreeveError('bad_request', `There is no index ${index} in a log of ${size} records.`);
  return spanHashes(store, null, log, inclusionSpans(index, size));
}

export async function consistencyProof(
  store: AuditStore,
  log: string,
  first: number,
  second: number,
): Promise<Uint8Array[]> {
  await assertSize(store, log, second);
  if (!Number.isSafeInteger(first) || first < 0 || first > second)
    throw new PortreeveError('bad_request', `A log of ${second} records has no earlier size ${first}.`);
  return spanHashes(store, null, log, consistencySpans(first, second));
}

/** The proof text for one record under a checkpoint that covers it. Never gives one that does not verify. */
export async function proofText(
  store: AuditStore,
  log: string,
  record: Pick<OpenedRecord, 'index' | 'entry'>,
  checkpoint: SignedCheckpoint,
): Promise<string> {
  const path = await spanHashes(store, null, log, inclusionSpans(record.index, checkpoint.size));
  if (!verifyInclusion(record.entry, record.index, checkpoint.size, path, checkpoint.root))
    throw broken(record.index, 'the stored record is not the one that was signed');
  const lines = ['c2sp.org/tlog-proof@v1', `index ${record.index}`, ...path.map(base64), '', checkpoint.note];
  return lines.join('\n');
}

export async function makeReceipt(
  store: AuditStore,
  log: string,
  record: OpenedRecord,
  checkpoint: SignedCheckpoint,
): Promise<Receipt> {
  return {
    proof: await proofText(store, log, record, checkpoint),
    entry: record.entry,
    payload: toPayload(record),
  };
}

async function assertSize(store: AuditStore, log: string, size: number): Promise<void> {
  const head = await store.head(null, log);
  if (!Number.isSafeInteger(size) || size < 0 || size > head.size)
    throw new PortreeveError('bad_request', `The log has ${head.size} records, so it never had ${size}.`);
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64');
}
