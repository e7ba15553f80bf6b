import type { Json, JsonObject } from '@portreeve/contract';

/** Keywords whose members are names and not keywords. */
const MAPS = new Set(['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas']);
/** Keywords whose value is data and no schema. */
const DATA = new Set(['const', 'enum', 'default', 'examples', 'required']);
/** What says which dialect it is, or tells people something, and binds nothing here. */
const IGNORED = new Set(['$schema', '$comment', 'examples', 'deprecated', 'readOnly', 'writeOnly']);

/**
 * A schema of an upstream as we compile it (JSON Schema 2020-12): extensions (`x-…`) and remarks are left out. `close`: an
 * object that does not say whether it takes other members takes none, so that nothing passes that nobody has described.
 */
export function closedSchema(schema: JsonObject, close = true): JsonObject {
  const plain = strip(schema) as JsonObject;
  return close && plain.additionalProperties === undefined && plain.unevaluatedProperties === undefined
    ? { type: 'object', properties: {}, ...plain, additionalProperties: false }
    : plain;
}

function strip(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strip);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !keyword.startsWith('x-') && !IGNORED.has(keyword))
      .map(([keyword, value]) => [
        keyword,
        DATA.has(keyword) ? value : MAPS.has(keyword) ? stripMap(value) : strip(value),
      ]),
  );
}

const stripMap = (map: Json): Json =>
  typeof map === 'object' && map !== null && !Array.isArray(map)
    ? Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, strip(schema)]))
    : map;

/**
 * A schema as a part of another: its definitions go to the root of that, where `#/$defs/…` finds them. Null where it refers
 * to something else of itself, which would then be something else.
 */
export function asPart(schema: JsonObject): { readonly defs: JsonObject; readonly part: JsonObject } | null {
  const { $schema: _, $defs, ...part } = schema;
  const refs = [...JSON.stringify(schema).matchAll(/"\$ref":"(#[^"]*)"/g)];
  if (refs.some(([, to]) => !to!.startsWith('#/$defs/'))) return null;
  return { defs: $defs === undefined ? {} : { $defs }, part };
}
