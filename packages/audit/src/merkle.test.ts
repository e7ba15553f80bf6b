import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_ROOT, Frontier, frontierOf, leafHash, nodeHash } from './merkle.ts';
import type { StoredNode } from './ports.ts';
import {
  consistencySpans,
  hashSpans,
  inclusionSpans,
  MissingNode,
  verifyConsistency,
  verifyInclusion,
} from './proof.ts';

/** RFC 6962 section 2.1 word for word, on all leaves: slow and plainly right. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leafHash(leaves[0]!);
  const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

function naivePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

function naiveConsistency(m: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  const n = leaves.length;
  if (m === n) return whole ? [] : [naiveRoot(leaves)];
  const k = 2 ** (Math.ceil(Math.log2(n)) - 1);
  return m <= k
    ? [...naiveConsistency(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveConsistency(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

/** The same recursion over ranges of one list of leaves, each range hashed once. */
function naiveOf(count: number) {
  const hashes = leaves(count).map((leaf) => leafHash(leaf));
  const known = new Map<number, Uint8Array>();
  const split = (n: number) => 2 ** (Math.ceil(Math.log2(n)) - 1);
  const root = (start: number, end: number): Uint8Array => {
    if (end - start === 1) return hashes[start]!;
    const name = start * (count + 1) + end;
    const middle = start + split(end - start);
    const found = known.get(name) ?? nodeHash(root(start, middle), root(middle, end));
    known.set(name, found);
    return found;
  };
  const consistency = (m: number, start: number, end: number, whole: boolean): Uint8Array[] => {
    if (m === end - start) return whole ? [] : [root(start, end)];
    const k = split(end - start);
    return m <= k
      ? [...consistency(m, start, start + k, whole), root(start + k, end)]
      : [...consistency(m - k, start + k, end, false), root(start, start + k)];
  };
  return { root, consistency };
}

/** Numbers below a bound, the same for the same seed (mulberry32). */
function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

const hex = (hashes: readonly Uint8Array[]) => hashes.map((hash) => Buffer.from(hash).toString('hex'));
const leafAt = (i: number) => `leaf ${i}`;
const leaves = (n: number) => Array.from({ length: n }, (_, i) => Buffer.from(leafAt(i)));

function build(n: number) {
  const frontier = new Frontier();
  const nodes = new Map<string, StoredNode>();
  const roots = [frontier.root()];
  let reads = 0;
  for (let i = 0; i < n; i++) {
    for (const node of frontier.push(leafHash(leafAt(i)))) nodes.set(`${node.level}/${node.index}`, node);
    roots.push(frontier.root());
  }
  const read = async (ranges: readonly { level: number; from: number }[]) => {
    reads += ranges.length;
    return ranges.flatMap(({ level, from }) => nodes.get(`${level}/${from}`) ?? []);
  };
  return { roots, nodes, read, reads: () => reads };
}

describe('RFC 6962 tree', () => {
  test('G2: the certificate-transparency reference vector', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    const frontier = new Frontier();
    expect(hex([frontier.root()])).toEqual(['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']);
    for (const [i, input] of inputs.entries()) {
      frontier.push(leafHash(Buffer.from(input, 'hex')));
      expect(hex([frontier.root()])).toEqual([roots[i]]);
    }
  });

  test('G2: every inclusion proof up to size 64 is the naive one, verifies, and for no other leaf, index or root', async () => {
    const { roots, read } = build(64);
    for (let size = 1; size <= 64; size++) {
      const all = leaves(size);
      expect(hex([roots[size]!])).toEqual(hex([naiveRoot(all)]));
      for (let index = 0; index < size; index++) {
        const proof = await hashSpans(inclusionSpans(index, size), read);
        expect(hex(proof)).toEqual(hex(naivePath(index, all)));
        expect(verifyInclusion(leafAt(index), index, size, proof, roots[size]!)).toBe(true);
        expect(verifyInclusion('another', index, size, proof, roots[size]!)).toBe(false);
        expect(verifyInclusion(leafAt(index), (index + 1) % size, size, proof, roots[size]!)).toBe(size === 1);
        expect(verifyInclusion(leafAt(index), index, size, proof, roots[size - 1]!)).toBe(false);
        expect(verifyInclusion(leafAt(index), index, size, [...proof, roots[0]!], roots[size]!)).toBe(false);
      }
    }
  });

  test('G2: every consistency proof up to size 64 is the naive one and verifies for these roots alone', async () => {
    const { roots, read } = build(64);
    for (let second = 1; second <= 64; second++) {
      const all = leaves(second);
      for (let first = 1; first <= second; first++) {
        const proof = await hashSpans(consistencySpans(first, second), read);
        expect(hex(proof)).toEqual(hex(naiveConsistency(first, all, true)));
        expect(verifyConsistency(first, second, roots[first]!, roots[second]!, proof)).toBe(true);
        expect(verifyConsistency(first, second, roots[first - 1]!, roots[second]!, proof)).toBe(false);
        expect(verifyConsistency(first, second, roots[first]!, roots[second - 1]!, proof)).toBe(false);
        if (proof.length > 0)
          expect(verifyConsistency(first, second, roots[first]!, roots[second]!, proof.slice(1))).toBe(false);
      }
    }
    expect(consistencySpans(0, 9)).toEqual([]);
    expect(verifyConsistency(9, 3, roots[9]!, roots[3]!, [])).toBe(false);
  });

  test('G2: random larger trees, in O(log n) node reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 65, max: 1500 }), fc.nat(), fc.nat(), async (size, a, b) => {
        const tree = build(size);
        const all = leaves(size);
        const index = a % size;
        const first = 1 + (b % size);
        const inclusion = await hashSpans(inclusionSpans(index, size), tree.read);
        const consistency = await hashSpans(consistencySpans(first, size), tree.read);
        expect(hex(inclusion)).toEqual(hex(naivePath(index, all)));
        expect(hex(consistency)).toEqual(hex(naiveConsistency(first, all, true)));
        expect(verifyInclusion(leafAt(index), index, size, inclusion, tree.roots[size]!)).toBe(true);
        expect(verifyConsistency(first, size, tree.roots[first]!, tree.roots[size]!, consistency)).toBe(true);
        expect(tree.reads()).toBeLessThan(6 * Math.ceil(Math.log2(size)));
      }),
      { numRuns: 40 },
    );
  });

  test('G2: 10,000 random pairs of trees: the consistency proof is the naive one, and no other tree passes', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`random pairs of trees, seed ${seed}`);
    const random = randomOf(seed);
    const MAX = 4096;
    const naive = naiveOf(MAX);
    const { roots, read } = build(MAX);
    const other = leafHash('of another tree');
    for (let pair = 0; pair < 10_000; pair++) {
      // As many small trees as large ones: the small have the odd shapes.
      const second = 1 + random(2 ** (1 + random(12)));
      const first = 1 + random(second);
      const proof = await hashSpans(consistencySpans(first, second), read);
      const where = `${first} of ${second}, seed ${seed}`;
      if (Buffer.compare(roots[second]!, naive.root(0, second)) !== 0) expect.fail(`the root of ${where}`);
      if (String(hex(proof)) !== String(hex(naive.consistency(first, 0, second, true))))
        expect.fail(`the proof of ${where}`);
      if (!verifyConsistency(first, second, roots[first]!, roots[second]!, proof)) expect.fail(`refused: ${where}`);
      if (verifyConsistency(first, second, other, roots[second]!, proof)) expect.fail(`another beginning: ${where}`);
      if (verifyConsistency(first, second, roots[first]!, other, proof)) expect.fail(`another end: ${where}`);
      if (proof.length === 0) continue;
      const changed = [...proof];
      changed[random(proof.length)] = other;
      if (verifyConsistency(first, second, roots[first]!, roots[second]!, changed))
        expect.fail(`another proof: ${where}`);
    }
  });

  test('a frontier continues from stored nodes', async () => {
    const { roots, read } = build(200);
    for (const size of [0, 1, 7, 64, 100, 199]) {
      const stored = await read(frontierOf(size));
      const frontier = new Frontier(
        size,
        stored.map((node) => node.hash),
      );
      for (let i = size; i < 200; i++) frontier.push(leafHash(leafAt(i)));
      expect(hex([frontier.root()])).toEqual(hex([roots[200]!]));
    }
  });

  test('a missing node is an error, not another root', async () => {
    await expect(hashSpans([[0, 4]], async () => [])).rejects.toThrow(MissingNode);
  });
});
