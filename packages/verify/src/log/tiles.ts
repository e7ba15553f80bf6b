import { equal, toBase64 } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';
import type { ExportResult } from './export.ts';
import { verifyExport } from './export.ts';
import { RootBuilder } from './tree.ts';

const WIDTH = 256;
const HASH_BYTES = 32;

/** Reads one resource by its path; `null` where there is none. */
export type ReadResource = (path: string) => Promise<Uint8Array | null>;

/**
 * Checks a log that lies as C2SP tlog-tiles (an anchor's folder): every entry against the hashes of the tiles, the tiles
 * against each other, and all against the signed checkpoint. Tiles carry no payloads. Throws `BadVerifierKey`.
 */
export async function verifyTiles(input: {
  readonly read: ReadResource;
  readonly checkpoint: string;
  readonly expectedVkeys?: readonly string[];
  readonly policy?: ExportInputPolicy;
  readonly vkey: string;
}): Promise<ExportResult> {
  const { read, checkpoint, vkey } = input;
  const size = sizeOf(checkpoint);
  const above = new Upper(read, size);
  const found = await verifyExport({
    ...{ checkpoint, vkey, entries: linesOf(read, size, above), without_payloads: true },
    ...(input.expectedVkeys ? { expectedVkeys: input.expectedVkeys } : {}),
    ...(input.policy ? { policy: input.policy } : {}),
  });
  const changed = found.ok ? await above.firstChanged() : null;
  if (changed === null) return found;
  return { ...found, ok: false, kind: 'changed_tile', problem: `the tile ${changed} is not made of those below it` };
}

type ExportInputPolicy = NonNullable<Parameters<typeof verifyExport>[0]['policy']>;

function sizeOf(note: string): number {
  const split = note.lastIndexOf('\n\n');
  return (split < 0 ? null : parseCheckpoint(note.slice(0, split + 1)))?.size ?? 0;
}

/** The lines of the export that the tiles stand for. What is not there leaves a gap, which the check names. */
async function* linesOf(read: ReadResource, size: number, above: Upper): AsyncIterable<string> {
  for (let from = 0; from < size; from += WIDTH) {
    const width = Math.min(WIDTH, size - from);
    const entries = entriesOf(await readTile(read, 'entries', from / WIDTH, width));
    const hashes = await readTile(read, 0, from / WIDTH, width);
    if (hashes?.length === WIDTH * HASH_BYTES) above.add(hashes);
    for (const [i, entry] of entries.slice(0, width).entries()) {
      const leaf = hashes?.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES) ?? new Uint8Array();
      yield `${JSON.stringify({ entry, payload: null, leaf: toBase64(leaf) })}\n`;
    }
  }
}

/** A tile as it is, or the whole one that took the place of a partial. */
async function readTile(read: ReadResource, level: number | 'entries', index: number, width: number) {
  const path = tilePath(level, index);
  return (width < WIDTH ? await read(`${path}.p/${width}`) : null) ?? (await read(path));
}

function tilePath(level: number | 'entries', index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g)!;
  return `tile/${level}/${groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')}`;
}

function entriesOf(bundle: Uint8Array | null): string[] {
  const entries: string[] = [];
  const view = bundle && new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  for (let at = 0; view && at + 2 <= view.byteLength; ) {
    const length = view.getUint16(at);
    // Bytes that are no UTF-8 become another text, whose hash is not the signed one.
    entries.push(new TextDecoder().decode(bundle!.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return entries;
}

/** The tiles above the lowest level: each hash must be the root of a whole tile below. */
class Upper {
  readonly #read: ReadResource;
  readonly #size: number;
  readonly #roots: Uint8Array[] = [];

  constructor(read: ReadResource, size: number) {
    this.#read = read;
    this.#size = size;
  }

  add(tile: Uint8Array): void {
    this.#roots.push(rootOf(tile));
  }

  /** The path of the first tile that differs or is missing; `null` where none is. */
  async firstChanged(): Promise<string | null> {
    let hashes = this.#roots;
    for (let level = 1; hashes.length > 0; level++) {
      const count = Math.floor(this.#size / WIDTH ** level);
      const roots: Uint8Array[] = [];
      for (let from = 0; from < count; from += WIDTH) {
        const width = Math.min(WIDTH, count - from);
        const stated = await readTile(this.#read, level, from / WIDTH, width);
        for (let i = 0; i < width; i++) {
          const hash = stated?.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES) ?? new Uint8Array();
          if (!equal(hash, hashes[from + i] ?? new Uint8Array())) return tilePath(level, from / WIDTH);
        }
        if (width === WIDTH) roots.push(rootOf(stated!));
      }
      hashes = roots;
    }
    return null;
  }
}

function rootOf(tile: Uint8Array): Uint8Array {
  const tree = new RootBuilder();
  for (let at = 0; at < WIDTH * HASH_BYTES; at += HASH_BYTES) tree.add(tile.subarray(at, at + HASH_BYTES));
  return tree.root();
}
