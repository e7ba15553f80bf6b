import { cover, fold, leafHash, nodeHash, splitPoint } from './merkle.ts';
import type { NodeRange, StoredNode } from './ports.ts';

/** A run of leaves whose root is one element of a proof. */
type Span = readonly [start: number, end: number];

/** RFC 6962 section 2.1.1: the siblings from the leaf up to the root. */
export function inclusionSpans(index: number, size: number): Span[] {
  const path = (start: number, end: number): Span[] => {
    if (end - start === 1) return [];
    const middle = start + splitPoint(end - start);
    return index < middle ? [...path(start, middle), [middle, end]] : [...path(middle, end), [start, middle]];
  };
  return path(0, size);
}

/** RFC 6962 section 2.1.2: what shows that the tree of `first` leaves is a prefix of the tree of `second`. */
export function consistencySpans(first: number, second: number): Span[] {
  const path = (start: number, end: number, whole: boolean): Span[] => {
    if (first === end) return whole ? [] : [[start, end]];
    const middle = start + splitPoint(end - start);
    return first <= middle
      ? [...path(start, middle, whole), [middle, end]]
      : [...path(middle, end, false), [start, middle]];
  };
  return first === 0 ? [] : path(0, second, true);
}

export type ReadNodes = (ranges: readonly NodeRange[]) => Promise<readonly StoredNode[]>;

/** The root of each span, from one read of stored nodes. Throws where a node is missing. */
export async function hashSpans(spans: readonly Span[], read: ReadNodes): Promise<Uint8Array[]> {
  const covers = spans.map(([start, end]) => cover(start, end));
  const stored = new Map<string, Uint8Array>();
  const ranges = covers.flat();
  if (ranges.length > 0) for (const node of await read(ranges)) stored.set(`${node.level}/${node.index}`, node.hash);
  return covers.map((nodes) =>
    fold(
      nodes.map(({ level, from }) => {
        const hash = stored.get(`${level}/${from}`);
        if (!hash) throw new MissingNode(level, from);
        return hash;
      }),
    ),
  );
}

export class MissingNode extends Error {
  override readonly name = 'MissingNode';

  constructor(level: number, index: number) {
    super(`the tree node ${level}/${index} is missing`);
  }
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion(
  entry: string,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const spans = index < size ? inclusionSpans(index, size) : null;
  if (!spans || spans.length !== proof.length) return false;
  const found = proof.reduce<Uint8Array>(
    (hash, sibling, i) => (spans[i]![0] > index ? nodeHash(hash, sibling) : nodeHash(sibling, hash)),
    leafHash(entry),
  );
  return Buffer.compare(found, root) === 0;
}

/** RFC 9162 section 2.1.4.2: rebuilds both roots from one proof. */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (first > second) return false;
  if (first === second) return proof.length === 0 && Buffer.compare(firstRoot, secondRoot) === 0;
  if (first === 0) return proof.length === 0;
  const spans = consistencySpans(first, second);
  if (spans.length !== proof.length) return false;
  const seeded = spans[0]![1] === first;
  let older = seeded ? proof[0]! : firstRoot;
  let newer = older;
  for (let i = seeded ? 1 : 0; i < proof.length; i++) {
    if (spans[i]![0] >= first) {
      newer = nodeHash(newer, proof[i]!);
    } else {
      older = nodeHash(proof[i]!, older);
      newer = nodeHash(proof[i]!, newer);
    }
  }
  return Buffer.compare(older, firstRoot) === 0 && Buffer.compare(newer, secondRoot) === 0;
}
