import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
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
 * {@link JSON_LIMITS}.
 */
export function canonicalJson(value: unknown): string {
  assertJson(value);
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (error) {
    throw new NotCanonical(error instanceof Error ? error.message : String(error));
  }
  if (text === undefined) throw new NotCanonical('the value has no JSON form');
  return text;
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
    if (++nodes > JSON_LIMITS.nodes) throw new NotCanonical(`more than ${JSON_LIMITS.nodes} values`);
    if (depth > JSON_LIMITS.depth) throw new NotCanonical(`deeper than ${JSON_LIMITS.depth} levels`);
    switch (typeof node) {
      case 'string':
        if (!node.isWellFormed()) throw new NotCanonical('a string holds a lone surrogate');
        return;
      case 'boolean':
        return;
      case 'number':
        if (!Number.isFinite(node)) throw new NotCanonical('a number is not finite');
        if (Number.isInteger(node) && !Number.isSafeInteger(node))
          throw new NotCanonical('an integer is beyond 2^53: send it as a string');
        return;
      case 'object': {
        if (node === null) return;
        if (Array.isArray(node)) {
          for (const item of node) walk(item, depth + 1);
          return;
        }
        const prototype = Object.getPrototypeOf(node);
        if (prototype !== Object.prototype && prototype !== null) throw new NotCanonical('not a plain object');
        for (const [key, item] of Object.entries(node)) {
          if (!key.isWellFormed()) throw new NotCanonical('a member name holds a lone surrogate');
          if (item === undefined) throw new NotCanonical(`member ${JSON.stringify(key.slice(0, 80))} is undefined`);
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

function refuseNotJson(value: unknown, context: z.RefinementCtx): void {
  try {
    assertJson(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
}

/** Any JSON value within {@link JSON_LIMITS}. */
export const jsonSchema = z.unknown().superRefine(refuseNotJson) as unknown as z.ZodType<Json>;

export const jsonObjectSchema = z
  .record(z.string(), z.unknown())
  .superRefine(refuseNotJson) as unknown as z.ZodType<JsonObject>;
