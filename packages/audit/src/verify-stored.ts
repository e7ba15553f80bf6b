import { payloadSealer } from './keys/sealer.ts';
import type { AuditLogOptions } from './log.ts';
import type { AuditStore, StoredRecord } from './ports.ts';
import { openRecords } from './reader.ts';
import { frontierAt } from './stored-tree.ts';
import { type VerifyOptions, type VerifyReport, verifyLog } from './verify.ts';

const INDEX_BATCH = 500;

/** A log as it lies in a store, for who looks at it before anybody may add to it. */
export interface StoredLog {
  readonly store: AuditStore;
  readonly origin: string;
  /** The keys that may have signed its checkpoints. */
  readonly vkeys: readonly string[];
  readonly keys: Pick<AuditLogOptions['keys'], 'ring' | 'subjects' | 'words'>;
}

/**
 * Verifies a log that nobody leads: nothing gets a place in it, and nothing is signed. What it can be searched by is made
 * anew first, since it is no part of what was kept.
 */
export async function verifyStored(
  { store, origin, vkeys, keys }: StoredLog,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const sealer = payloadSealer(keys.ring, keys.subjects);
  const words = async (records: readonly StoredRecord[]) =>
    (await sealer.open(records)).map(({ payload }) => (payload === null ? '' : keys.words.ofPayload(payload)));
  while ((await store.index(origin, INDEX_BATCH, words)) === INDEX_BATCH);
  return verifyLog(openRecords(store, sealer), origin, vkeys, options);
}

/** How many records are under the tree, and its root in base64. */
export async function treeOf(store: AuditStore, origin: string): Promise<{ size: number; root: string }> {
  const { size } = await store.head(null, origin);
  const tree = await frontierAt(store, null, origin, size);
  return { size, root: Buffer.from(tree.root()).toString('base64') };
}
