import type { Json, JsonObject } from './canonical.ts';

const DEPTH_MAX = 32;
/** Formats of a fixed or small length. */
const SHORT_FORMATS = ['uuid', 'date', 'time', 'date-time', 'duration', 'ipv4', 'ipv6'];

/**
 * What is not bounded in the part of a JSON Schema that a pointer into the value selects: `text without maxLength` and
 * the like, each with where. None: whatever satisfies the schema there is of limited size.
 */
export function unboundedAt(schema: JsonObject, pointer: string): string[] {
  const parts = membersAt(schema, pointer);
  if (parts.length === 0) return [`nothing is declared at ${pointer}`];
  return [...new Set(parts.flatMap((part) => unbounded(part, schema, pointer, 0)))];
}

/** The parts of a schema that say something of the value at a pointer, references and alternatives taken apart. */
export function partsAt(schema: JsonObject, pointer: string): JsonObject[] {
  return membersAt(schema, pointer).flatMap((part) => branches(part, schema));
}

function membersAt(schema: JsonObject, pointer: string): JsonObject[] {
  let parts: JsonObject[] = [schema];
  for (const raw of pointer.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    parts = parts.flatMap((part) => branches(part, schema)).flatMap((part) => memberOf(part, key));
  }
  return parts;
}

function memberOf(part: JsonObject, key: string): JsonObject[] {
  const { properties, items } = part;
  if (isObject(properties) && Object.hasOwn(properties, key) && isObject(properties[key])) return [properties[key]];
  return isObject(items) && /^(\d+|\*|-)$/.test(key) ? [items] : [];
}

/** A schema with its references and alternatives taken apart. */
function branches(part: JsonObject, root: JsonObject, depth = 0): JsonObject[] {
  if (depth > DEPTH_MAX) return [];
  const target = refOf(part, root);
  if (target) return branches(target, root, depth + 1);
  const inner = [...listOf(part.anyOf), ...listOf(part.oneOf), ...listOf(part.allOf)];
  return inner.length === 0 ? [part] : [part, ...inner.flatMap((each) => branches(each, root, depth + 1))];
}

function unbounded(part: JsonObject, root: JsonObject, where: string, depth: number): string[] {
  if (depth > DEPTH_MAX) return [`${where} nests without end`];
  if ('const' in part || Array.isArray(part.enum)) return [];
  const target = refOf(part, root);
  if (target) return unbounded(target, root, where, depth + 1);
  const into = (each: JsonObject, at = where): string[] => unbounded(each, root, at, depth + 1);
  const choices = [...listOf(part.anyOf), ...listOf(part.oneOf)];
  if (choices.length > 0) return choices.flatMap((each) => into(each));
  const all = listOf(part.allOf);
  // All of them hold, so one that bounds is enough.
  if (all.length > 0 && all.some((each) => into(each).length === 0)) return [];
  const types = Array.isArray(part.type) ? part.type : [part.type ?? null];
  return types.flatMap((type) => {
    switch (type) {
      case 'boolean':
      case 'null':
        return [];
      case 'string':
        return limit(part.maxLength) || SHORT_FORMATS.includes(String(part.format)) || bounds(part.pattern)
          ? []
          : [`${where} is text without maxLength`];
      case 'integer':
      case 'number':
        return (limit(part.maximum) || limit(part.exclusiveMaximum)) &&
          (limit(part.minimum) || limit(part.exclusiveMinimum))
          ? []
          : [`${where} is a number without minimum and maximum`];
      case 'array': {
        const own = limit(part.maxItems) ? [] : [`${where} is a list without maxItems`];
        return [
          ...own,
          ...(isObject(part.items) ? into(part.items, `${where}/*`) : [`${where} has items of any kind`]),
        ];
      }
      case 'object': {
        const own = part.additionalProperties === false ? [] : [`${where} takes members that are not declared`];
        const members = isObject(part.properties) ? Object.entries(part.properties) : [];
        return [...own, ...members.flatMap(([name, each]) => (isObject(each) ? into(each, `${where}/${name}`) : []))];
      }
      default:
        return [`${where} has no type`];
    }
  });
}

/** Whether a pattern lets through text of limited length alone: anchored at both ends, and nothing repeats freely. */
function bounds(pattern: Json | undefined): boolean {
  if (typeof pattern !== 'string' || !/^\^.*[^\\]\$$/s.test(pattern)) return false;
  // What stands for one character each.
  const bare = pattern.replace(/\\[pP]\{[^}]*\}|\\./gs, 'x').replace(/\[\^?\]?[^\]]*\]/g, 'x');
  let depth = 0;
  for (const [index, character] of [...bare].entries()) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '*' || character === '+') return false;
    // An alternative outside of every group is not anchored.
    else if (character === '|' && depth === 0) return false;
    else if (character === '{' && /^\{\d+,\}/.test(bare.slice(index))) return false;
  }
  return true;
}

/** The widest integers are what a library writes for "any". */
function limit(value: Json | undefined): boolean {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER;
}

function refOf(part: JsonObject, root: JsonObject): JsonObject | null {
  if (typeof part.$ref !== 'string' || !part.$ref.startsWith('#/')) return null;
  let node: Json | undefined = root;
  for (const raw of part.$ref.slice(2).split('/')) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return isObject(node) ? node : null;
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
