import { type Clock, PortreeveError, type RecordDraft, type Tx } from '@portreeve/contract';
import { columnsOf, type PreparedRecord, prepareRecord } from './entry.ts';
import { leafHash } from './merkle.ts';
import type { AuditStore, NewRecord, Redactor, StoredNode } from './ports.ts';
import { MissingNode } from './proof.ts';
import { broken, frontierAt } from './stored-tree.ts';

export interface AppendParts {
  readonly store: AuditStore;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly origin: string;
}

/**
 * Writes records at the end of the log, in the transaction of what they record. Holds the log's lock from its first
 * query until that transaction ends, so indexes follow each other without gaps. Any error is thrown on, and the
 * transaction must roll back (requirement G3).
 */
export async function appendRecords(parts: AppendParts, tx: Tx, drafts: readonly RecordDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  // Before the lock, so that it is held for the queries alone.
  const prepared = drafts.map((draft) => prepareRecord(draft, parts.redactor));
  try {
    await write(parts, tx, prepared);
  } catch (error) {
    if (error instanceof PortreeveError) throw error;
    if (error instanceof MissingNode) throw broken(null, error.message);
    throw new PortreeveError('audit_unavailable', 'The record could not be written.', { cause: error });
  }
}

async function write(parts: AppendParts, tx: Tx, prepared: readonly PreparedRecord[]): Promise<void> {
  const { store, origin, clock } = parts;
  await store.lock(tx, origin);
  const fresh = await withoutRepeats(parts, tx, prepared);
  if (fresh.length === 0) return;
  const head = await store.head(tx, origin);
  if (head.size < head.signed_size)
    throw broken(head.size, `a checkpoint for ${head.signed_size} records was signed, and ${head.size} are left`);
  const frontier = await frontierAt(store, tx, origin, head.size);
  // Clocks of several processes differ by a little: the log's own time never goes back.
  const time = new Date(Math.max(clock.now().getTime(), head.time?.getTime() ?? 0));
  const records: NewRecord[] = [];
  const nodes: StoredNode[] = [];
  for (const record of fresh) {
    const index = frontier.size;
    const { text, entry } = record.place({ log: origin, index, time });
    nodes.push(...frontier.push(leafHash(text)));
    records.push({ index, entry: text, payload: record.payload, key: record.key, columns: columnsOf(entry) });
  }
  await store.append(tx, origin, records, nodes);
}

async function withoutRepeats(
  { store, origin }: AppendParts,
  tx: Tx,
  prepared: readonly PreparedRecord[],
): Promise<PreparedRecord[]> {
  const keys = prepared.flatMap((record) => (record.key === null ? [] : [record.key]));
  const used = new Set(keys.length > 0 ? await store.usedKeys(tx, origin, keys) : []);
  return prepared.filter(({ key }) => {
    if (key === null) return true;
    if (used.has(key)) return false;
    used.add(key);
    return true;
  });
}
