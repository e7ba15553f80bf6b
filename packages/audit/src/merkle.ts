import { hash } from 'node:crypto';
import type { NodeRange, StoredNode } from './ports.ts';

/** RFC 6962 section 2.1: one byte keeps leaves and nodes apart, so that no node can be passed off as a leaf. */
const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

export const EMPTY_ROOT: Buffer = sha256(Buffer.alloc(0));

export function leafHash(entry: string | Uint8Array): Buffer {
  return sha256(Buffer.concat([LEAF, typeof entry === 'string' ? Buffer.from(entry, 'utf8') : entry]));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.concat([NODE, left, right]));
}

/** The largest power of two below `n`, for `n` above 1. Bit operations would end at 2^31. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The right edge of a growing tree: the complete subtrees that make it up, largest first. */
export class Frontier {
  #size: number;
  readonly #hashes: Uint8Array[];

  /** `hashes` are the nodes named by {@link frontierOf}, in that order. */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a leaf and returns every subtree that it completes, the leaf itself first. */
  push(leaf: Uint8Array): StoredNode[] {
    let index = this.#size++;
    let node = leaf;
    let level = 0;
    const completed: StoredNode[] = [{ level, index, hash: node }];
    while (index % 2 === 1) {
      node = nodeHash(this.#hashes.pop()!, node);
      index = (index - 1) / 2;
      level++;
      completed.push({ level, index, hash: node });
    }
    this.#hashes.push(node);
    return completed;
  }

  clone(): Frontier {
    return new Frontier(this.#size, this.#hashes);
  }

  root(): Uint8Array {
    return fold(this.#hashes);
  }
}

/** The root over adjoining complete subtrees, largest first. */
export function fold(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), hashes.at(-1)!);
}

/** The complete subtrees that cover the leaves from `start` up to `end`, largest first. */
export function cover(start: number, end: number): NodeRange[] {
  const ranges: NodeRange[] = [];
  let at = start;
  while (at < end) {
    let width = 1;
    let level = 0;
    while (width * 2 <= end - at && at % (width * 2) === 0) {
      width *= 2;
      level++;
    }
    ranges.push({ level, from: at / width, to: at / width + 1 });
    at += width;
  }
  return ranges;
}

/** The nodes that the root of a tree of `size` leaves is made from. */
export function frontierOf(size: number): NodeRange[] {
  return cover(0, size);
}
