import { PortreeveError, type Tx } from '@portreeve/contract';
import { Frontier, frontierOf } from './merkle.ts';
import { type AuditStore, type NodeRange, type StoredNode, TILE_HEIGHT } from './ports.ts';
import { hashSpans, MissingNode } from './proof.ts';

/**
 * Nodes of any level: those of the levels between the stored ones are computed from the stored level below. Gives only
 * nodes whose parts are all there.
 */
async function treeNodes(
  store: AuditStore,
  tx: Tx | null,
  log: string,
  ranges: readonly NodeRange[],
): Promise<StoredNode[]> {
  if (ranges.length === 0) return [];
  const stored = await store.nodes(tx, log, ranges.map(toStored));
  const hashes = new Map(stored.map((node) => [`${node.level}/${node.index}`, node.hash]));
  const found: StoredNode[] = [];
  for (const range of ranges) {
    const { level, from } = toStored(range);
    const width = 2 ** (range.level - level);
    for (let index = range.from; index < range.to; index++) {
      const first = from + (index - range.from) * width;
      const parts = Array.from({ length: width }, (_, i) => hashes.get(`${level}/${first + i}`));
      if (parts.every((hash) => hash !== undefined)) found.push({ level: range.level, index, hash: perfect(parts) });
    }
  }
  return found;
}

/** The root over as many nodes as a power of two. */
function perfect(nodes: readonly Uint8Array[]): Uint8Array {
  const tree = new Frontier();
  let root = nodes[0]!;
  for (const node of nodes) root = tree.push(node).at(-1)!.hash;
  return root;
}

function toStored({ level, from, to }: NodeRange): NodeRange {
  const height = level % TILE_HEIGHT;
  return { level: level - height, from: from * 2 ** height, to: to * 2 ** height };
}

/** The roots of spans of leaves. Throws `log_broken` where a node is missing. */
export async function spanHashes(
  store: AuditStore,
  tx: Tx | null,
  log: string,
  spans: readonly (readonly [start: number, end: number])[],
): Promise<Uint8Array[]> {
  try {
    return await hashSpans(spans, (ranges) => treeNodes(store, tx, log, ranges));
  } catch (error) {
    if (error instanceof MissingNode) throw broken(null, error.message);
    throw error;
  }
}

/** The right edge of the stored tree of `size` leaves. Throws `log_broken` where a node is missing. */
export async function frontierAt(store: AuditStore, tx: Tx | null, log: string, size: number): Promise<Frontier> {
  const spans = frontierOf(size).map(({ level, from, to }) => [from * 2 ** level, to * 2 ** level] as const);
  return new Frontier(size, await spanHashes(store, tx, log, spans));
}

/** What the store holds is not what was written to it. */
export function broken(index: number | null, detail: string): PortreeveError {
  return new PortreeveError('log_broken', index === null ? `The log: ${detail}.` : `From index ${index}: ${detail}.`);
}
