import type { Clock, UnitOfWork } from '@portreeve/contract';
import { type Checkpoint, checkpointText, parseCheckpoint } from './checkpoint-text.ts';
import { openNote, parseSignature } from './note.ts';
import type { AuditStore, Cosigner, NoteSigner, StoredCheckpoint } from './ports.ts';
import { consistencySpans, verifyConsistency } from './proof.ts';
import { broken, frontierAt, spanHashes } from './stored-tree.ts';
import { parseVkey } from './vkey.ts';

export interface CheckpointParts {
  readonly store: AuditStore;
  readonly uow: UnitOfWork;
  readonly signer: NoteSigner;
  /** The log's own second key, which signs beside the first. */
  readonly cosigner: Cosigner | null;
  readonly vkeys: readonly string[];
  readonly clock: Clock;
  readonly origin: string;
}

export interface SignedCheckpoint extends Checkpoint {
  /** Counts the checkpoints of the log from 0. */
  readonly seq: number;
  readonly time: Date;
  /** The signed note, with every cosignature. */
  readonly note: string;
  /** The note's text, which is signed. */
  readonly text: string;
  /** The note with the signatures of the log alone. */
  readonly log_note: string;
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
      const text = checkpointText(checkpoint);
      const note = parts.signer.sign(text) + (parts.cosigner?.cosign(text, time) ?? '');
      const seq = (stored?.seq ?? -1) + 1;
      await store.appendCheckpoint(tx, origin, { seq, size: head.size, time, note });
      return { ...checkpoint, seq, time, note, text, log_note: note };
    });
    lastSigned = signed;
    return signed;
  };
}

/** A stored checkpoint, opened. Throws `log_broken` where it is not what one of the keys signed. */
export function readCheckpoint(stored: StoredCheckpoint, origin: string, vkeys: readonly string[]): SignedCheckpoint {
  const { seq, time, note } = stored;
  const opened = openNote(note, vkeys);
  const checkpoint = 'text' in opened ? parseCheckpoint(opened.text) : null;
  if (!('text' in opened) || !checkpoint || checkpoint.origin !== origin || checkpoint.size !== stored.size)
    throw broken(null, `the checkpoint number ${seq} is not what this log signed`);
  const { text } = opened;
  return { ...checkpoint, seq, time, note, text, log_note: ownSignatures(note, text, vkeys) };
}

function ownSignatures(note: string, text: string, vkeys: readonly string[]): string {
  const keys = vkeys.map(parseVkey);
  const lines = note.slice(text.length + 1, -1).split('\n');
  const own = lines.filter((line) => {
    const signature = parseSignature(line);
    return keys.some(({ name, id }) => name === signature?.name && id.equals(signature.id));
  });
  return `${text}\n${own.map((line) => `${line}\n`).join('')}`;
}
