import { compileSchema, type Json, type JsonObject, PortreeveError } from '@portreeve/contract';
import type { Choices } from './choices.ts';
import { textOfPattern } from './text-of-pattern.ts';

const TRIES = 40;
const DEPTH_MAX = 12;
const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-15',
  'date-time': '2026-01-15T09:00:00Z',
  email: 'somebody@corp.example',
  uri: 'https://corp.example/',
  uuid: '7f1d0a52-6f7e-4b43-9c55-2f6b7a1e8d10',
};

/**
 * A value that a JSON Schema accepts: plain work, for schemas of inputs, arguments and results. Throws `misconfigured`
 * where none was found: then a case of the workflow's own pack has to give one.
 */
export function sampleOf(schema: JsonObject, choose: Choices, what: string): Json {
  const errors = compileSchema(schema);
  for (let n = 0; n < TRIES; n++) {
    const value = make(schema, schema, choose, 0);
    if (errors(value).length === 0) return value;
  }
  throw new PortreeveError('misconfigured', `No value was found that fits ${what}.`, {
    next: 'Write an honest case into the workflow’s own pack: redteam/*.yaml, `cases`.',
  });
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const numberOf = (value: Json | undefined, otherwise: number) => (typeof value === 'number' ? value : otherwise);

function make(schema: JsonObject, root: JsonObject, choose: Choices, depth: number): Json {
  const node = resolve(schema, root);
  if (depth > DEPTH_MAX) return null;
  if (node.const !== undefined) return node.const;
  if (Array.isArray(node.enum)) return choose.pick(node.enum as Json[]);
  const variants = [node.anyOf, node.oneOf].find(Array.isArray) as JsonObject[] | undefined;
  if (variants) return make(choose.pick(variants), root, choose, depth + 1);
  const type = Array.isArray(node.type)
    ? node.type[0]
    : (node.type ?? (isObject(node.properties) ? 'object' : 'string'));
  switch (type) {
    case 'object':
      return object(node, root, choose, depth);
    case 'array': {
      const count = Math.max(numberOf(node.minItems, 1), Math.min(1, numberOf(node.maxItems, 1)));
      const items = isObject(node.items) ? node.items : {};
      return Array.from({ length: count }, () => make(items, root, choose, depth + 1));
    }
    case 'integer':
    case 'number':
      return number(node, choose);
    case 'boolean':
      return choose.next(2) === 1;
    case 'null':
      return null;
    default:
      return text(node, choose);
  }
}

function object(node: JsonObject, root: JsonObject, choose: Choices, depth: number): JsonObject {
  const properties = isObject(node.properties) ? Object.entries(node.properties) : [];
  const required = Array.isArray(node.required) ? node.required : [];
  return Object.fromEntries(
    properties
      .filter(([name]) => required.includes(name))
      .map(([name, member]) => [name, make(member as JsonObject, root, choose, depth + 1)]),
  );
}

function number(node: JsonObject, choose: Choices): number {
  const low = numberOf(
    node.minimum,
    numberOf(node.exclusiveMinimum, 0) + (node.exclusiveMinimum === undefined ? 0 : 1),
  );
  const high = numberOf(
    node.maximum,
    numberOf(node.exclusiveMaximum, low + 101) - (node.maximum === undefined ? 1 : 0),
  );
  return low + choose.next(Math.min(high - low, 1000) + 1);
}

function text(node: JsonObject, choose: Choices): string {
  if (typeof node.pattern === 'string') return textOfPattern(node.pattern, choose) ?? '';
  if (typeof node.format === 'string') return FORMATS[node.format] ?? '';
  return 'plain work'.padEnd(numberOf(node.minLength, 0), '.').slice(0, numberOf(node.maxLength, 10_000));
}

function resolve(schema: JsonObject, root: JsonObject): JsonObject {
  if (typeof schema.$ref !== 'string') return schema;
  const found = schema.$ref
    .split('/')
    .slice(1)
    .reduce<Json | undefined>(
      (at, part) => (isObject(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
      root,
    );
  return isObject(found) ? found : {};
}
