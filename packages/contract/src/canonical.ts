import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** How deep and how large a value from outside may be before it is refused. */
export const JSON_LIMITS = { depth: 32, nodes: 100_000 } as const;

/** `sha256:` and 64 lower-case hex digits. */
export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');
export type Digest = `sha256:${string}`;

export class NotCanonical extends TypeError {
  override readonly name = 'NotCanonical';
}

/**
 * RFC 8785 (JCS) text of a JSON value. Throws {@link NotCanonical} for what JSON cannot carry faithfully: `undefined`
 * members, NaN, infinities, lone surrogates, cycles, other prototypes, integers beyond 2^53, or more than
 * {@link JSON_LIMITS}. No `toJSON` is called: the text is of what stands there.
 */
export function canonicalJson(value: unknown): string {
  try {
    return textOf(value, 0, { nodes: 0 });
  } catch (error) {
    // The writer meets members in the order of their names; of several faults the first as they stand is named.
    if (error instanceof NotCanonical) assertJson(value);
    throw error;
  }
}

/**
 * The text of what {@link assertJson} accepts; throws for anything else. INVARIANT: each value is read once, so that what
 * was checked is what was written; `canonical.test.ts` compares both with that and with another implementation.
 */
function textOf(node: unknown, depth: number, seen: { nodes: number }): string {
  assertWithin(++seen.nodes, depth);
  switch (typeof node) {
    case 'string':
      return quoted(node, 'a string');
    case 'boolean':
      return node ? 'true' : 'false';
    case 'number':
      assertNumber(node);
      // ECMAScript's own text of a number is that of RFC 8785, and writes -0 as 0.
      return String(node);
    case 'object': {
      if (node === null) return 'null';
      if (Array.isArray(node)) {
        let text = '[';
        for (let i = 0; i < node.length; i++) text += `${i === 0 ? '' : ','}${textOf(node[i], depth + 1, seen)}`;
        return `${text}]`;
      }
      assertPlain(node);
      let text = '{';
      let comma = '';
      for (const key of inOrder(Object.keys(node))) {
        const name = quoted(key, 'a member name');
        const item = (node as Record<string, unknown>)[key];
        if (item === undefined) throw undefinedMember(key);
        text += `${comma}${name}:${textOf(item, depth + 1, seen)}`;
        comma = ',';
      }
      return `${text}}`;
    }
    default:
      throw new NotCanonical(`a ${typeof node} has no JSON form`);
  }
}

/** Characters up to which looking at each one is faster than `JSON.stringify`. */
const SHORT = 64;

/** The text as a JSON string. Most are names, ids and digests, of which nothing has to be escaped. */
function quoted(text: string, what: string): string {
  if (text.length > SHORT) return escaped(text, what);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c || code >= 0xd800) return escaped(text, what);
  }
  return `"${text}"`;
}

function escaped(text: string, what: string): string {
  assertWellFormed(text, what);
  return JSON.stringify(text);
}

/** Names up to which sorting by insertion is faster than the general sort. */
const FEW = 24;

/** Sorts in place, by UTF-16 code units as RFC 8785 has it: both ways of comparing strings do. */
function inOrder(names: string[]): string[] {
  if (names.length > FEW) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    let at = i;
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!;
    names[at] = name;
  }
  return names;
}

/** The digest of a JSON value: SHA-256 over its RFC 8785 text. */
export function digestOf(value: unknown): Digest {
  return digestOfText(canonicalJson(value));
}

/** SHA-256 over the UTF-8 bytes of a text, or over bytes. */
export function digestOfText(text: string | Uint8Array): Digest {
  return `sha256:${bytesToHex(sha256(typeof text === 'string' ? utf8ToBytes(text) : text))}`;
}

/** Throws unless `value` is plain JSON within {@link JSON_LIMITS}. */
export function assertJson(value: unknown): asserts value is Json {
  let nodes = 0;
  const walk = (node: unknown, depth: number): void => {
    assertWithin(++nodes, depth);
    switch (typeof node) {
      case 'string':
        assertWellFormed(node, 'a string');
        return;
      case 'boolean':
        return;
      case 'number':
        assertNumber(node);
        return;
      case 'object': {
        if (node === null) return;
        if (Array.isArray(node)) {
          for (const item of node) walk(item, depth + 1);
          return;
        }
        assertPlain(node);
        for (const [key, item] of Object.entries(node)) {
          assertWellFormed(key, 'a member name');
          if (item === undefined) throw undefinedMember(key);
          walk(item, depth + 1);
        }
        return;
      }
      default:
        throw new NotCanonical(`a ${typeof node} has no JSON form`);
    }
  };
  walk(value, 0);
}

function assertWithin(nodes: number, depth: number): void {
  if (nodes > JSON_LIMITS.nodes) throw new NotCanonical(`more than ${JSON_LIMITS.nodes} values`);
  if (depth > JSON_LIMITS.depth) throw new NotCanonical(`deeper than ${JSON_LIMITS.depth} levels`);
}

function assertWellFormed(text: string, what: string): void {
  if (!text.isWellFormed()) throw new NotCanonical(`${what} holds a lone surrogate`);
}

function assertNumber(value: number): void {
  if (!Number.isFinite(value)) throw new NotCanonical('a number is not finite');
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new NotCanonical('an integer is beyond 2^53: send it as a string');
}

function assertPlain(node: object): void {
  const prototype = Object.getPrototypeOf(node);
  if (prototype !== Object.prototype && prototype !== null) throw new NotCanonical('not a plain object');
}

function undefinedMember(key: string): NotCanonical {
  return new NotCanonical(`member ${JSON.stringify(key.slice(0, 80))} is undefined`);
}

function refuseNotJson(value: unknown, context: z.RefinementCtx): void {
  try {
    assertJson(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
}

/** Any JSON value within {@link JSON_LIMITS}. */
export const jsonSchema = z.unknown().superRefine(refuseNotJson) as unknown as z.ZodType<Json>;

/**
 * A JSON object within {@link JSON_LIMITS}. A member of the object itself that is called `__proto__` is left out, as zod has it;
 * below, each is kept. What has to keep every name is a {@link jsonSchema}.
 */
export const jsonObjectSchema = z
  .record(z.string(), z.unknown())
  .superRefine(refuseNotJson) as unknown as z.ZodType<JsonObject>;
