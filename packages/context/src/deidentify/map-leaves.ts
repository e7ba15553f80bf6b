import type { Json } from '@portreeve/contract';

export interface Leaf {
  readonly value: string | number;
  /** The key that it stands under, or that its list stands under; empty at the top. */
  readonly key: string;
}

const DEPTH_MAX = 200;

/** A JSON value with each string and number replaced; keys, booleans, nulls and shape stay. Throws a RangeError over 200 levels. */
export function mapLeaves(value: Json, map: (leaf: Leaf) => string | number): Json {
  const walk = (node: Json, key: string, depth: number): Json => {
    if (depth > DEPTH_MAX) throw new RangeError(`the value is nested over ${DEPTH_MAX} levels`);
    if (typeof node === 'string' || typeof node === 'number') return map({ value: node, key });
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map((each) => walk(each, key, depth + 1));
    // fromEntries defines own properties: a key such as __proto__ stays a key.
    return Object.fromEntries(Object.entries(node).map(([name, each]) => [name, walk(each as Json, name, depth + 1)]));
  };
  return walk(value, '', 0);
}
