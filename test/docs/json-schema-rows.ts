import type { Json, JsonObject } from '@portreeve/contract';

export interface Row {
  readonly path: string;
  readonly type: string;
  /** `yes`, `no`, or what stands there where nobody says anything. */
  readonly needed: string;
}

const DEPTH_MAX = 6;
const object = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
const list = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.map((each) => object(each)) : [];

/** A JSON Schema (2020-12) as rows for people: each member with its path, its type, and whether it must stand there. */
export function rowsOf(schema: JsonObject, at = '', depth = 0): Row[] {
  if (depth > DEPTH_MAX) return [];
  const required = new Set((schema.required as readonly string[] | undefined) ?? []);
  const own = Object.entries(object(schema.properties)).flatMap(([name, value]) => {
    const member = object(value);
    const path = at === '' ? name : `${at}.${name}`;
    const needed =
      member.default === undefined ? (required.has(name) ? 'yes' : 'no') : `\`${JSON.stringify(member.default)}\``;
    return [{ path, type: typeOf(member), needed }, ...rowsOf(member, path, depth + 1)];
  });
  const keyed = object(schema.additionalProperties);
  const items = object(schema.items);
  const variants = list(schema.oneOf ?? schema.anyOf);
  const inside = [
    ...own,
    ...(keyed.type === undefined && keyed.properties === undefined ? [] : rowsOf(keyed, `${at}.NAME`, depth + 1)),
    ...rowsOf(items, `${at}[]`, depth + 1),
    ...variants.flatMap((variant) => rowsOf(variant, `${at}${nameOf(variant)}`, depth + 1)),
  ];
  // Variants repeat what they share.
  return inside.filter(
    ({ path, type }, index) => inside.findIndex((row) => row.path === path && row.type === type) === index,
  );
}

/** By what tells a variant from the others. */
function nameOf(variant: JsonObject): string {
  const told = Object.entries(object(variant.properties)).find(([, value]) => object(value).const !== undefined);
  return told ? `(${told[0]}: ${String(object(told[1]).const)})` : '';
}

function typeOf(schema: JsonObject): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  const variants = list(schema.oneOf ?? schema.anyOf);
  if (variants.length > 0) return [...new Set(variants.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(object(schema.items))}`;
  if (schema.type === 'object' && schema.properties === undefined) return 'object by name';
  const bounds = [
    ...(typeof schema.minimum === 'number' && Math.abs(schema.minimum) < 2 ** 53 - 1 ? [`from ${schema.minimum}`] : []),
    ...(typeof schema.maximum === 'number' && schema.maximum < 2 ** 53 - 1 ? [`to ${schema.maximum}`] : []),
    ...(typeof schema.maxLength === 'number' ? [`up to ${schema.maxLength} characters`] : []),
  ];
  return [typeof schema.type === 'string' ? schema.type : 'any', ...bounds].join(' ');
}
