import type { Json, JsonObject } from '@portreeve/contract';
import { isObject, NotUsable, resolveRef } from './document.ts';

/** Keywords of JSON Schema 2020-12 that say what is valid; the rest of a schema object is for people and tools. */
const KEPT = new Set(
  (
    'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern format ' +
    'maxItems minItems uniqueItems maxProperties minProperties required'
  ).split(' '),
);
const ONE = ['items', 'additionalProperties', 'not', 'contains', 'propertyNames'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const FORMATS = new Set(['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid']);
const DEPTH_MAX = 64;

/**
 * Schemas of an OpenAPI 3.0 or 3.1 document as JSON Schema 2020-12 without anything outside of themselves: what they
 * refer to is collected in `$defs`.
 */
export function createConverter(document: JsonObject): {
  convert(schema: Json | undefined): JsonObject;
  readonly $defs: Record<string, JsonObject>;
} {
  const $defs: Record<string, JsonObject> = {};
  const old = String(document.openapi).startsWith('3.0');

  const convert = (schema: Json | undefined, depth = 0): JsonObject => {
    if (depth > DEPTH_MAX) throw new NotUsable('a schema nests too deeply');
    if (schema === undefined || schema === true) return {};
    if (schema === false) return { not: {} };
    if (!isObject(schema)) throw new NotUsable('a schema is no object');
    if (typeof schema.$ref === 'string') return refer(schema.$ref);
    const found: Record<string, Json> = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'format') {
        if (FORMATS.has(String(value))) found.format = value;
      } else if (KEPT.has(keyword)) found[keyword] = value;
      else if (ONE.includes(keyword)) found[keyword] = typeof value === 'boolean' ? value : convert(value, depth + 1);
      else if (LISTS.includes(keyword) && Array.isArray(value))
        found[keyword] = value.map((each) => convert(each, depth + 1));
      else if (keyword === 'properties' && isObject(value)) {
        found.properties = Object.fromEntries(
          Object.entries(value).map(([name, each]) => [name, convert(each, depth + 1)]),
        );
      }
    }
    return old ? modernised(found, schema) : found;
  };

  const refer = (ref: string): JsonObject => {
    const name = /^#\/components\/schemas\/([^/]+)$/.exec(ref)?.[1];
    if (name === undefined) throw new NotUsable(`${ref} refers to no schema of the document`);
    if (!Object.hasOwn($defs, name)) {
      // Known before it is converted: a schema may refer to itself.
      $defs[name] = {};
      $defs[name] = convert(resolveRef(document, ref));
    }
    return { $ref: `#/$defs/${name}` };
  };
  return { convert: (schema) => convert(schema), $defs };
}

/** OpenAPI 3.0 writes "or null" and open bounds in its own way. */
function modernised(found: JsonObject, schema: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...found };
  for (const [open, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof result[open] !== 'boolean') continue;
    const limit = result[bound];
    if (result[open] === true && limit !== undefined) {
      result[open] = limit;
      delete result[bound];
    } else delete result[open];
  }
  if (schema.nullable !== true) return result;
  if (Array.isArray(result.enum) && !result.enum.includes(null)) result.enum = [...result.enum, null];
  if (typeof result.type === 'string') return { ...result, type: [result.type, 'null'] };
  return { anyOf: [result, { type: 'null' }] };
}
