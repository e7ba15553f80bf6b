import { equal, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';

/** RFC 6962 section 2.1: the hash of a leaf, over a zero byte and the entry. */
export function leafHash(entry: string | Uint8Array): Uint8Array {
  const bytes = typeof entry === 'string' ? utf8(entry) : entry;
  const prefixed = new Uint8Array(bytes.length + 1);
  prefixed.set(bytes, 1);
  return sha256(prefixed);
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const node = new Uint8Array(65);
  node[0] = 1;
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

/** The root over leaves that come one after the other. */
export class RootBuilder {
  #count = 0;
  readonly #edge: { readonly width: number; readonly hash: Uint8Array }[] = [];

  get count(): number {
    return this.#count;
  }

  add(leaf: Uint8Array): void {
    this.#count++;
    let node = { width: 1, hash: leaf };
    while (this.#edge.at(-1)?.width === node.width) {
      node = { width: node.width * 2, hash: join(this.#edge.pop()!.hash, node.hash) };
    }
    this.#edge.push(node);
  }

  root(): Uint8Array {
    let root: Uint8Array | null = null;
    for (let i = this.#edge.length - 1; i >= 0; i--) {
      const { hash } = this.#edge[i]!;
      root = root ? join(hash, root) : hash;
    }
    return root ?? sha256(new Uint8Array());
  }
}

const half = (n: number) => Math.floor(n / 2);
const odd = (n: number) => n % 2 === 1;
const isSize = (n: number) => Number.isSafeInteger(n) && n >= 0;

/** Whether `proof` shows that `entry` is the leaf `index` of the tree of `size` with this root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(claim: {
  entry: string | Uint8Array;
  index: number;
  size: number;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  if (!isSize(claim.index) || !isSize(claim.size) || claim.index >= claim.size) return false;
  let fn = claim.index;
  let sn = claim.size - 1;
  let hash = leafHash(claim.entry);
  for (const sibling of claim.proof) {
    if (sn === 0 || sibling.length !== 32) return false;
    if (odd(fn) || fn === sn) {
      hash = join(sibling, hash);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hash = join(hash, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(hash, claim.root);
}

/** Whether `proof` shows that the first tree is the beginning of the second (RFC 9162, 2.1.4.2). */
export function verifyConsistency(claim: {
  first: { size: number; root: Uint8Array };
  second: { size: number; root: Uint8Array };
  proof: readonly Uint8Array[];
}): boolean {
  const { first, second } = claim;
  if (!isSize(first.size) || !isSize(second.size) || first.size > second.size) return false;
  if (first.size === second.size) return claim.proof.length === 0 && equal(first.root, second.root);
  if (first.size === 0) return claim.proof.length === 0 && equal(first.root, sha256(new Uint8Array()));
  let fn = first.size - 1;
  let sn = second.size - 1;
  while (odd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  // A size that is a power of two has one node, which is the root that is known already.
  const [seed, ...rest] = fn === 0 ? [first.root, ...claim.proof] : claim.proof;
  if (!seed || claim.proof.length === 0) return false;
  let older = seed;
  let newer = seed;
  for (const hash of rest) {
    if (sn === 0 || hash.length !== 32) return false;
    if (odd(fn) || fn === sn) {
      older = join(hash, older);
      newer = join(hash, newer);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      newer = join(newer, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(older, first.root) && equal(newer, second.root);
}
