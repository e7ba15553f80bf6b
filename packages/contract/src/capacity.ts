import type { Json, JsonObject } from './canonical.ts';

/** Deeper schemas, or references that go in a circle, count as unbounded. */
const DEPTH_MAX = 16;
/** More than this is as good as free text. */
const BITS_MAX = 4096;

/** Days of the years 1 to 9999, and seconds of a day. */
const DATE_BITS = 22;
const TIME_BITS = 17;

/**
 * How many bits an answer that fits this JSON Schema can carry, rounded up; `null` where there is no bound (free text, open
 * objects and lists, numbers without a range). It is an upper bound: words that narrow further, and are not known here,
 * are ignored. What a quarantined model can tell its planner about untrusted text is no more than this.
 */
export function capacityBits(schema: Json): number | null {
  const bits = bitsOf(schema, isObject(schema) ? schema : {}, 0);
  return bits === null || bits > BITS_MAX ? null : Math.max(0, Math.ceil(bits - 1e-9));
}

function bitsOf(schema: Json | undefined, root: JsonObject, depth: number): number | null {
  if (schema === false) return 0;
  if (!isObject(schema) || depth > DEPTH_MAX) return null;
  if (typeof schema.$ref === 'string') return bitsOf(resolve(schema.$ref, root), root, depth + 1);
  if (Object.hasOwn(schema, 'const')) return 0;
  if (Array.isArray(schema.enum)) return Math.log2(Math.max(schema.enum.length, 1));
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) return either(branches.map((branch) => bitsOf(branch, root, depth + 1)));
  if (Array.isArray(schema.type)) {
    return either(schema.type.map((type) => bitsOf({ ...schema, type }, root, depth + 1)));
  }
  switch (schema.type) {
    case 'null':
      return 0;
    case 'boolean':
      return 1;
    case 'integer':
      return ofRange(schema, 1);
    case 'number':
      return typeof schema.multipleOf === 'number' ? ofRange(schema, schema.multipleOf) : null;
    case 'string':
      return ofText(schema);
    case 'array':
      return ofList(schema, root, depth);
    case 'object':
      return ofObject(schema, root, depth);
  }
  return null;
}

/** One of several: the number of values is the sum of theirs. */
function either(all: readonly (number | null)[]): number | null {
  if (all.length === 0 || all.includes(null)) return null;
  const most = Math.max(...(all as number[]));
  return most + Math.log2((all as number[]).reduce((sum, bits) => sum + 2 ** (bits - most), 0));
}

function ofRange(schema: JsonObject, step: number): number | null {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  if (typeof low !== 'number' || typeof high !== 'number' || !(step > 0)) return null;
  return Math.log2(Math.max(Math.floor((high - low) / step) + 1, 1));
}

function ofText(schema: JsonObject): number | null {
  if (schema.format === 'date') return DATE_BITS;
  return schema.format === 'time' && schema.maxLength === 8 ? TIME_BITS : null;
}

function ofList(schema: JsonObject, root: JsonObject, depth: number): number | null {
  const most = schema.maxItems;
  if (typeof most !== 'number' || most > BITS_MAX || schema.prefixItems !== undefined) return null;
  const item = bitsOf(schema.items, root, depth + 1);
  return item === null ? null : item * most + Math.log2(most + 1);
}

/** Closed objects alone: an undeclared member is free text, and so is its name. */
function ofObject(schema: JsonObject, root: JsonObject, depth: number): number | null {
  if (schema.additionalProperties !== false || schema.patternProperties !== undefined) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  let total = 0;
  for (const [name, member] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const bits = bitsOf(member, root, depth + 1);
    if (bits === null) return null;
    // Whether a member is there at all says something too.
    const all = required.includes(name) ? bits : either([bits, 0]);
    total += all ?? 0;
  }
  return total;
}

function resolve(reference: string, root: JsonObject): Json | undefined {
  const match = /^#\/(\$defs|definitions)\/([^/~]+)$/.exec(reference);
  const shelf = match ? root[match[1]!] : undefined;
  return isObject(shelf) && Object.hasOwn(shelf, match![2]!) ? shelf[match![2]!] : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
