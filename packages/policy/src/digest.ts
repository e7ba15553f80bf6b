import { hash } from 'node:crypto';
import { type Digest, digestOf, JSON_LIMITS, NotCanonical } from '@portreeve/contract';

/**
 * `digestOf` for a parsed request, several times as fast: each decision makes one, and it would cost more than all rules.
 * INVARIANT: the same bytes, and the same refusals, as the contract's; `digest.test.ts` compares them.
 */
export function requestDigest(request: object): Digest {
  const budget = { nodes: 0 };
  let text: string;
  try {
    text = canonicalText(request, 0, budget);
  } catch (error) {
    // The contract's words for what has no canonical form.
    if (error instanceof NotCanonical) return digestOf(request);
    throw error;
  }
  return `sha256:${hash('sha256', text, 'hex')}`;
}

/** Whether this is, to the byte, the request that a decision judged. */
export function isRequestOf(request: object, digest: string): boolean {
  try {
    return requestDigest(request) === digest;
  } catch (error) {
    if (error instanceof NotCanonical) return false;
    throw error;
  }
}

/** Texts that JSON writes as they are. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function textOf(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new NotCanonical('a string holds a lone surrogate');
  return JSON.stringify(text);
}

interface Member {
  readonly name: string;
  /** The name as the text has it, with its colon. */
  readonly told: string;
}

const SHAPES_MAX = 1024;
const membersByShape = new Map<string, readonly Member[]>();

/** RFC 8785 sorts by UTF-16 code units, as JavaScript does. Requests have few shapes, so the order is remembered. */
function sortedNames(names: readonly string[]): readonly Member[] {
  // Names that could run together are not remembered; a shape is its names in the order in which they stand.
  const shape = names.join('\u0000');
  const known = membersByShape.get(shape);
  if (known !== undefined && known.length === names.length) return known;
  const members = names.toSorted().map((name) => ({ name, told: `${textOf(name)}:` }));
  if (membersByShape.size < SHAPES_MAX && shape.length < 512 && !names.some((name) => name.includes('\u0000')))
    membersByShape.set(shape, members);
  return members;
}

function canonicalText(node: unknown, depth: number, budget: { nodes: number }): string {
  if (++budget.nodes > JSON_LIMITS.nodes || depth > JSON_LIMITS.depth) throw new NotCanonical('too large');
  switch (typeof node) {
    case 'string':
      return textOf(node);
    case 'boolean':
      return node ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(node) || (Number.isInteger(node) && !Number.isSafeInteger(node)))
        throw new NotCanonical('a number has no canonical form');
      return JSON.stringify(node);
    case 'object': {
      if (node === null) return 'null';
      if (Array.isArray(node)) {
        let text = '[';
        for (let index = 0; index < node.length; index++)
          text += (index === 0 ? '' : ',') + canonicalText(node[index], depth + 1, budget);
        return `${text}]`;
      }
      const prototype = Object.getPrototypeOf(node);
      if (prototype !== Object.prototype && prototype !== null) throw new NotCanonical('not a plain object');
      let text = '{';
      for (const { name, told } of sortedNames(Object.keys(node)))
        text +=
          (text === '{' ? '' : ',') + told + canonicalText((node as Record<string, unknown>)[name], depth + 1, budget);
      return `${text}}`;
    }
  }
  throw new NotCanonical('it has no JSON form');
}
