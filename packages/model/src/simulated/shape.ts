import type { Json, JsonObject } from '@portreeve/contract';

/** One node of a schema with everything that is known of it, its references followed and its hints read. */
export interface Shape {
  readonly type: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  readonly keywords: JsonObject;
  readonly description: string;
  /** The values of `enum` or `const`. */
  readonly literals: readonly Json[] | null;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** References and combinators that are followed from one node at the most: a schema may refer to itself. */
const STEPS_MAX = 32;

export function shapeOf(schema: Json | undefined, root: JsonObject): Shape {
  let node: JsonObject = isObject(schema) ? schema : {};
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = follow(node, root);
    if (next === null) break;
    node = next;
  }
  const description = typeof node.description === 'string' ? node.description : '';
  const keywords = { ...readHints(description), ...node };
  const literals = Array.isArray(keywords.enum)
    ? (keywords.enum as readonly Json[])
    : keywords.const === undefined
      ? null
      : [keywords.const];
  return { type: typeOf(keywords, literals), keywords, description, literals };
}

function follow(node: JsonObject, root: JsonObject): JsonObject | null {
  if (typeof node.$ref === 'string') {
    const found = node.$ref
      .split('/')
      .slice(1)
      .reduce<Json | undefined>(
        (at, part) => (isObject(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
        root,
      );
    return isObject(found) && found !== node ? found : {};
  }
  const { anyOf, oneOf, allOf, ...rest } = node;
  const variants = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : null;
  if (variants) {
    const chosen = variants.find((variant) => isObject(variant) && variant.type !== 'null') ?? variants[0];
    return { ...rest, ...(isObject(chosen) ? chosen : {}) };
  }
  if (Array.isArray(allOf)) return Object.assign({}, rest, ...allOf.filter(isObject)) as JsonObject;
  return null;
}

function typeOf(keywords: JsonObject, literals: readonly Json[] | null): Shape['type'] {
  const declared = Array.isArray(keywords.type)
    ? (keywords.type.find((type) => type !== 'null') ?? 'null')
    : keywords.type;
  if (typeof declared === 'string') return declared as Shape['type'];
  if (literals) {
    const kind = typeof literals[0];
    return kind === 'string' || kind === 'number' || kind === 'boolean' ? kind : 'null';
  }
  return isObject(keywords.properties) ? 'object' : keywords.items === undefined ? 'string' : 'array';
}

export function keywordNumber(shape: Shape, name: string): number | undefined {
  const value = shape.keywords[name];
  return typeof value === 'number' ? value : undefined;
}

export function propertiesOf(shape: Shape): [string, Json][] {
  return isObject(shape.keywords.properties) ? (Object.entries(shape.keywords.properties) as [string, Json][]) : [];
}

/**
 * The keywords that the SDK moved into the description because the API does not enforce them: a description that ends
 * with `{maxLength: 200, pattern: "^a"}`.
 */
export function readHints(description: string): JsonObject {
  if (!description.endsWith('}')) return {};
  for (let at = description.lastIndexOf('{'); at !== -1; at = at === 0 ? -1 : description.lastIndexOf('{', at - 1)) {
    const hints = parseHints(description, at + 1);
    if (hints) return hints;
  }
  return {};
}

function parseHints(text: string, from: number): JsonObject | null {
  const hints: Record<string, Json> = {};
  for (let at = from; ; at += 2) {
    const key = /^[$A-Za-z]\w*(?=: )/.exec(text.slice(at, at + 64))?.[0];
    if (key === undefined) return null;
    const start = at + key.length + 2;
    const end = endOfJson(text, start);
    try {
      hints[key] = JSON.parse(text.slice(start, end)) as Json;
    } catch {
      return null;
    }
    if (end === text.length - 1) return hints;
    if (text.slice(end, end + 2) !== ', ') return null;
    at = end;
  }
}

/** Where the JSON value that starts at `from` ends: at the first comma or closing brace outside of it. */
function endOfJson(text: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '[' || char === '{') depth++;
    else if (depth === 0 && (char === ',' || char === '}')) return at;
    else if (char === ']' || char === '}') depth--;
  }
  return text.length;
}
