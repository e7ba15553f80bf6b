import type { Clock, UnitOfWork } from '@portreeve/contract';
import { type Checkpoint, checkpointText, openNote, parseCheckpoint } from './note.ts';
import type { AuditStore, NoteSigner, StoredCheckpoint } from './ports.ts';
import { consistencySpans, verifyConsistency } from './proof.ts';
import { broken, frontierAt, spanHashes } from './stored-tree.ts';

export interface CheckpointParts {
  readonly store: AuditStore;
  readonly uow: UnitOfWork;
  readonly signer: NoteSigner;
  readonly vkeys: readonly string[];
  readonly clock: Clock;
  readonly origin: string;
}

export interface SignedCheckpoint extends Checkpoint {
  readonly time: Date;
  readonly note: string;
}

/**
 * Signs the log's head. Refuses with `log_broken` where the stored tree does not contain the tree of an earlier
 * checkpoint: of the last one stored, and of the last one that this process signed, should the store have lost it.
 */
export function checkpointer(parts: CheckpointParts): () => Promise<SignedCheckpoint> {
  let lastSigned: Checkpoint | null = null;
  return async () => {
    const signed = await parts.uow.transaction(async (tx) => {
      const { store, origin } = parts;
      await store.lockCheckpoints(tx, origin);
      const head = await store.head(tx, origin);
      const stored = await store.newestCheckpoint(tx, origin);
      const root = (await frontierAt(store, tx, origin, head.size)).root();
      for (const earlier of [stored && readCheckpoint(stored, origin, parts.vkeys), lastSigned]) {
        if (!earlier) continue;
        if (earlier.size > head.size)
          throw broken(head.size, `a checkpoint for ${earlier.size} records was signed, and ${head.size} are left`);
        const proof = await spanHashes(store, tx, origin, consistencySpans(earlier.size, head.size));
        if (!verifyConsistency(earlier.size, head.size, earlier.root, root, proof))
          throw broken(null, `the tree no longer contains the one that was signed at ${earlier.size}`);
      }
      const checkpoint: Checkpoint = { origin, size: head.size, root };
      const time = new Date(Math.max(parts.clock.now().getTime(), stored?.time.getTime() ?? 0));
      const note = parts.signer.sign(checkpointText(checkpoint));
      await store.appendCheckpoint(tx, origin, { seq: (stored?.seq ?? -1) + 1, size: head.size, time, note });
      return { ...checkpoint, time, note };
    });
    lastSigned = signed;
    return signed;
  };
}

/** A stored checkpoint, opened. Throws `log_broken` where it is not what one of the keys signed. */
export function readCheckpoint(stored: StoredCheckpoint, origin: string, vkeys: readonly string[]): SignedCheckpoint {
  const opened = openNote(stored.note, vkeys);
  const checkpoint = 'text' in opened ? parseCheckpoint(opened.text) : null;
  if (!checkpoint || checkpoint.origin !== origin || checkpoint.size !== stored.size)
    throw broken(null, `the checkpoint number ${stored.seq} is not what this log signed`);
  return { ...checkpoint, time: stored.time, note: stored.note };
}
