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

/** A part of an answer, where its schema bounds what it can say. */
export interface Bound {
  readonly bits: number;
  /** It is one of values that the schema lists. */
  readonly choice: boolean;
  /** What the part fits, complete in itself. */
  readonly schema: JsonObject;
}

/**
 * What bounds the part of an answer at this JSON pointer; `null` where nothing does. Led to by declared members of closed
 * objects and by lists with a `maxItems` alone, so that {@link boundedBits} counts whatever this calls bounded.
 */
export function boundAt(schema: JsonObject, pointer: string): Bound | null {
  let node: Json | undefined = schema;
  let depth = 0;
  for (const raw of [...pointer.split('/').slice(1), null]) {
    while (isObject(node) && typeof node.$ref === 'string' && depth++ <= DEPTH_MAX) node = resolve(node.$ref, schema);
    if (raw === null) break;
    if (!isObject(node) || depth++ > DEPTH_MAX) return null;
    node = memberOf(node, raw.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  if (!isObject(node)) return null;
  const bits = bitsOf(node, schema, depth);
  if (bits === null || bits > BITS_MAX) return null;
  const choice = Array.isArray(node.enum) || Object.hasOwn(node, 'const') || node.type === 'boolean';
  const shelves = Object.entries(schema).filter(([name]) => name === '$defs' || name === 'definitions');
  return { bits: Math.max(0, Math.ceil(bits - 1e-9)), choice, schema: { ...Object.fromEntries(shelves), ...node } };
}

/** How many bits all bounded parts of an answer can carry together, rounded up. Free text beside them counts as none. */
export function boundedBits(schema: JsonObject): number {
  return Math.min(BOUNDED_MAX, Math.max(0, Math.ceil(boundedOf(schema, schema, 0) - 1e-9)));
}

/** What all bounded parts of an answer are counted as at the most. */
const BOUNDED_MAX = 1_000_000;

function boundedOf(schema: Json | undefined, root: JsonObject, depth: number): number {
  const whole = bitsOf(schema, root, depth);
  if (whole !== null || !isObject(schema) || depth > DEPTH_MAX) return whole ?? 0;
  if (typeof schema.$ref === 'string') return boundedOf(resolve(schema.$ref, root), root, depth + 1);
  if (isBoundedList(schema)) {
    const most = schema.maxItems as number;
    return boundedOf(schema.items, root, depth + 1) * most + Math.log2(most + 1);
  }
  if (!isClosed(schema)) return 0;
  // Whether a member is there at all says something too: one bit at the most.
  const required: readonly Json[] = Array.isArray(schema.required) ? schema.required : [];
  return membersOf(schema).reduce(
    (sum, [name, member]) => sum + (required.includes(name) ? 0 : 1) + boundedOf(member, root, depth + 1),
    0,
  );
}

function memberOf(schema: JsonObject, name: string): Json | undefined {
  if (isBoundedList(schema)) return /^(0|[1-9]\d{0,8})$/.test(name) ? schema.items : undefined;
  return isClosed(schema) ? membersOf(schema).find(([each]) => each === name)?.[1] : undefined;
}

const membersOf = ({ properties }: JsonObject) => Object.entries(isObject(properties) ? properties : {});

/** An undeclared member is free text, and so is its name. */
const isClosed = (schema: JsonObject) =>
  schema.type === 'object' && schema.additionalProperties === false && schema.patternProperties === undefined;

const isBoundedList = ({ type, maxItems, prefixItems }: JsonObject) =>
  type === 'array' && typeof maxItems === 'number' && maxItems <= BITS_MAX && prefixItems === undefined;

/**
 * Where a schema leaves the shape of an answer open, as a JSON pointer into the schema; `null` where it is closed: every
 * node says its type, its values or where they are defined, and every object declares all its members.
 */
export function openPlace(schema: JsonObject): string | null {
  const walk = (node: Json | undefined, place: string): string | null => {
    if (node === false) return null;
    if (!isObject(node)) return place;
    if (Object.hasOwn(node, 'const') || Array.isArray(node.enum)) return null;
    if (typeof node.$ref === 'string') return isObject(resolve(node.$ref, schema)) ? null : place;
    const branches = node.anyOf ?? node.oneOf;
    if (Array.isArray(branches)) return first(branches.map((each, index) => [each, `${place}/anyOf/${index}`]));
    const types = Array.isArray(node.type) ? node.type : [node.type];
    if (types.length === 0 || !types.every((type) => typeof type === 'string')) return place;
    if (types.includes('object')) {
      if (node.additionalProperties !== false || node.patternProperties !== undefined) return place;
      const open = first(membersOf(node).map(([name, member]) => [member, `${place}/properties/${name}`]));
      if (open !== null) return open;
    }
    if (!types.includes('array')) return null;
    return node.prefixItems === undefined ? walk(node.items, `${place}/items`) : place;
  };
  const first = (all: readonly (readonly [Json | undefined, string])[]): string | null => {
    for (const [node, place] of all) {
      const open = walk(node, place);
      if (open !== null) return open;
    }
    return null;
  };
  const shelves = (['$defs', 'definitions'] as const).flatMap((shelf) =>
    Object.entries(isObject(schema[shelf]) ? schema[shelf] : {}).map(
      ([name, node]) => [node, `/${shelf}/${name}`] as const,
    ),
  );
  return first([[schema, ''], ...shelves]);
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
  if (!isBoundedList(schema)) return null;
  const most = schema.maxItems as number;
  const item = bitsOf(schema.items, root, depth + 1);
  return item === null ? null : item * most + Math.log2(most + 1);
}

function ofObject(schema: JsonObject, root: JsonObject, depth: number): number | null {
  if (!isClosed(schema)) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  let total = 0;
  for (const [name, member] of membersOf(schema)) {
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
