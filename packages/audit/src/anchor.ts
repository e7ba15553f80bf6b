import type { SignedCheckpoint } from './checkpoint.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint-text.ts';
import { openNote } from './note.ts';
import type { AnchorStore, AuditStore } from './ports.ts';
import { consistencySpans, verifyConsistency } from './proof.ts';
import { spanHashes } from './stored-tree.ts';
import { newTiles, readTile, tilePath } from './tiles.ts';

/** Tiles that are written at once. */
const WRITES_MAX = 8;
const CHECKPOINT = 'checkpoint';

/** What lies outside is more than, or other than, what the log holds. */
export class Ahead extends Error {
  override readonly name = 'Ahead';
  /** How many records were seen there. */
  readonly size: number;

  constructor(size: number, message: string) {
    super(message);
    this.size = size;
  }
}

export interface AnchorParts {
  readonly store: AuditStore;
  readonly origin: string;
  readonly vkeys: readonly string[];
}

/**
 * Brings a second store up to a checkpoint: what is new since the one that lies there, and the checkpoint last, so that
 * it never covers what is not there. Goes on from where it was by what it finds there alone. Throws {@link Ahead} and
 * writes nothing where the log no longer contains what was anchored.
 */
export async function writeAnchor(
  parts: AnchorParts,
  anchor: AnchorStore,
  checkpoint: SignedCheckpoint,
): Promise<void> {
  const { store, origin } = parts;
  const anchored = await compareAnchor(parts, anchor, checkpoint);
  const writes = new Set<Promise<void>>();
  let failure: unknown = null;
  for (const tile of newTiles(anchored?.size ?? 0, checkpoint.size)) {
    const write = readTile(store, origin, tile)
      .then((bytes) => anchor.write(tilePath(tile), bytes))
      .catch((error: unknown) => {
        failure ??= error;
      });
    writes.add(write);
    void write.then(() => writes.delete(write));
    if (writes.size >= WRITES_MAX) await Promise.race(writes);
    if (failure) break;
  }
  await Promise.all(writes);
  if (failure) throw failure;
  await anchor.write(CHECKPOINT, Buffer.from(checkpoint.note, 'utf8'));
}

/**
 * The checkpoint that lies in a second store, `null` where it is empty. Throws {@link Ahead} where the log, as it was
 * signed in `checkpoint` (or is stored, without one), does not contain it, and an `Error` where what lies there is not of
 * this log.
 */
export async function compareAnchor(
  parts: AnchorParts,
  anchor: AnchorStore,
  checkpoint: Checkpoint,
): Promise<Checkpoint | null> {
  const bytes = await anchor.read(CHECKPOINT);
  if (bytes === null) return null;
  const opened = openNote(bytes.toString('utf8'), parts.vkeys);
  const anchored = 'text' in opened ? parseCheckpoint(opened.text) : null;
  if (anchored?.origin !== parts.origin) throw new Error('the checkpoint that lies there is not one of this log');
  await assertContains(parts, checkpoint, anchored);
  return anchored;
}

/** Throws {@link Ahead} unless the log contains a tree that was seen outside. */
async function assertContains({ store, origin }: AnchorParts, own: Checkpoint, seen: Checkpoint): Promise<void> {
  if (seen.size > own.size)
    throw new Ahead(seen.size, `${seen.size} records of this log were seen there, and it holds ${own.size}`);
  const proof = await spanHashes(store, null, origin, consistencySpans(seen.size, own.size));
  if (!verifyConsistency(seen.size, own.size, seen.root, own.root, proof))
    throw new Ahead(seen.size, `the log no longer contains the ${seen.size} records that were seen there`);
}
