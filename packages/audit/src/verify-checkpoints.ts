import { parseCheckpoint } from './checkpoint-text.ts';
import { openNote } from './note.ts';
import type { AuditStore } from './ports.ts';
import type { Finding } from './verify.ts';
import { parseVkey, SIGNATURE_TYPES } from './vkey.ts';

const PAGE = 500;

export interface SignedRoots {
  /** The root that was signed for a size, of the checkpoints that were opened. */
  readonly rootsBySize: ReadonlyMap<number, Uint8Array>;
  /** All checkpoints of the log, with those that an earlier run has opened. */
  readonly count: number;
  /** How many of them cover at most so many records: what a later run need not open again. */
  upTo(size: number): number;
  readonly largest: number;
  /** What is wrong with the checkpoints themselves. */
  readonly problem: Finding | null;
}

/**
 * Opens the stored checkpoints, and those that were kept elsewhere. Only what verifies is used further. `opened`: how many
 * an earlier run has found right; of these the last one alone is opened again, since later ones are compared with it.
 */
export async function signedRoots(
  store: AuditStore,
  log: string,
  vkeys: readonly string[],
  anchors: readonly string[],
  opened = 0,
): Promise<SignedRoots> {
  const rootsBySize = new Map<number, Uint8Array>();
  let problem: Finding | null = null;
  let largest = 0;
  let cosigned = false;
  const report = (kind: Finding['kind'], text: string) => {
    problem ??= { kind, index: null, problem: text };
  };
  const open = (note: string, label: string): number | null => {
    const read = openNote(note, vkeys);
    if ('fault' in read) {
      const why = {
        malformed: 'is not a signed note',
        wrong_key: 'is signed by an unknown key',
        bad_signature: 'has a signature that does not verify',
      };
      report(read.fault === 'malformed' ? 'bad_checkpoint' : read.fault, `${label} ${why[read.fault]}`);
      return null;
    }
    const checkpoint = parseCheckpoint(read.text);
    if (checkpoint?.origin !== log) {
      report('bad_checkpoint', `${label} is not a checkpoint of this log`);
      return null;
    }
    const hasSecond = read.signed_by.some((vkey) => parseVkey(vkey).type !== SIGNATURE_TYPES.note_ed25519);
    // A signature that quantum computers cannot make is worth nothing if it can be left out.
    if (cosigned && !hasSecond) report('bad_signature', `${label} lacks the second signature that earlier ones have`);
    cosigned ||= hasSecond;
    const other = rootsBySize.get(checkpoint.size);
    if (other && Buffer.compare(other, checkpoint.root) !== 0)
      report('forked', `two different trees of ${checkpoint.size} records were signed (${label})`);
    else rootsBySize.set(checkpoint.size, checkpoint.root);
    largest = Math.max(largest, checkpoint.size);
    return checkpoint.size;
  };

  const begin = Math.max(0, opened - 1);
  let count = begin;
  let size = 0;
  const sizes: number[] = [];
  for (;;) {
    const page = await store.checkpoints(log, count, PAGE);
    for (const stored of page) {
      const label = `the checkpoint number ${stored.seq}`;
      if (stored.seq !== count) report('bad_checkpoint', `the checkpoint number ${count} is missing`);
      count = stored.seq + 1;
      sizes.push(stored.size);
      const signed = open(stored.note, label);
      if (signed === null) continue;
      if (signed !== stored.size) report('bad_checkpoint', `${label} is stored under another size`);
      if (signed < size) report('forked', `${label} is smaller than the one before it`);
      size = signed;
    }
    if (page.length < PAGE) break;
  }
  if (count < opened) report('bad_checkpoint', `the checkpoint number ${count} is missing`);
  anchors.forEach((note, i) => {
    open(note, `the checkpoint ${i + 1} that was kept elsewhere`);
  });
  const upTo = (most: number) => {
    const beyond = sizes.findIndex((each) => each > most);
    return begin + (beyond < 0 ? sizes.length : beyond);
  };
  return { rootsBySize, count, largest, problem, upTo };
}
