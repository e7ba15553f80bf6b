import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Json, JsonObject, PolicyRequest, ToolContract } from '@portreeve/contract';
import { type HistoryByTool, historyShape } from './history.ts';
import { isMarked } from './redacted.ts';

/** How the arguments of one tool look to rules. */
export interface ToolShape {
  /** The Cedar action of the tool's use, in the group `act`. */
  readonly action: string;
  /** The Cedar type of `context.args`. */
  readonly type: string;
  /** The Cedar type of `context.history`; `null` where the tool has no history facts. */
  readonly history: string | null;
  /** The history facts before the first use. */
  readonly unused: ActRequest['history'];
  /** Both in Cedar's terms. Throws `TypeError`, naming the place, for what does not fit or is missing. */
  readonly facts: (request: Pick<ActRequest, 'args' | 'history'>) => Record<string, CedarValueJson>;
  /** Recorded arguments with a number in the place of each that was redacted, so that they convert. */
  readonly unmark: (args: JsonObject) => JsonObject;
}

type ActRequest = Extract<PolicyRequest, { kind: 'act' }>;

export type ToolShapes = ReadonlyMap<string, ToolShape>;

/** The Cedar action of one tool's use. */
export const toolAction = (tool: string) => `act:${tool}`;

/** A JSON Schema node in Cedar's terms; `null` where it is free-form and is left out. */
interface Shape {
  readonly type: string;
  readonly convert: (value: Json, path: string) => CedarValueJson;
  readonly unmark: (value: Json) => Json;
}

const DEPTH_MAX = 8;
const MEMBERS_MAX = 64;
/** Names that Cedar's schema text and JSON form carry as they are; `__` begins Cedar's own marks. */
const NAME = /^(?!__)[\x20-\x7e]{1,128}$/;

/**
 * The shapes of tools whose arguments have a JSON Schema. Text and enumerations become String, integers Long, booleans
 * Bool, other numbers decimal (four digits behind the point; more is an error and refuses), arrays of scalars Set,
 * objects records; what is not required, or may be null, is optional. Left out, so that no rule can name it: members
 * without one known type (`anyOf`, free-form objects, mixed enumerations, arrays of arrays or of objects), members that
 * are not declared, and what lies deeper than eight levels. A tool that stands there twice has no shape.
 */
export function toolShapes(tools: readonly ToolContract[], history: HistoryByTool = new Map()): ToolShapes {
  const shapes = new Map<string, ToolShape>();
  const twice = new Set(tools.map(({ name }) => name).filter((name, index, names) => names.indexOf(name) !== index));
  for (const { name, args } of tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (twice.has(name)) continue;
    const shape = recordShape(args, args, 0);
    if (shape === null) continue;
    const past = historyShape(history.get(name));
    shapes.set(name, {
      action: toolAction(name),
      type: shape.type,
      history: past?.type ?? null,
      unused: past?.unused,
      facts: (request) => ({
        args: shape.convert(request.args, 'args'),
        ...(past === null ? {} : { history: past.convert(request.history) }),
      }),
      unmark: (value) => shape.unmark(value) as JsonObject,
    });
  }
  return shapes;
}

function fail(path: string, wanted: string): never {
  throw new TypeError(`${path} is not ${wanted}`);
}

const asItIs = (value: Json): Json => value;
/** Of numbers too `audit` leaves a text. */
const asNumber = (value: Json): Json => (isMarked(value) ? 0 : value);

const TEXT: Shape = {
  type: 'String',
  convert: (value, path) => (typeof value === 'string' ? value : fail(path, 'a text')),
  unmark: asItIs,
};
const LONG: Shape = {
  type: 'Long',
  convert: (value, path) => (Number.isSafeInteger(value) ? (value as number) : fail(path, 'a whole number')),
  unmark: asNumber,
};
const BOOL: Shape = {
  type: 'Bool',
  convert: (value, path) => (typeof value === 'boolean' ? value : fail(path, 'true or false')),
  unmark: asItIs,
};
const DECIMAL: Shape = {
  type: 'decimal',
  convert: (value, path) => ({ __extn: { fn: 'decimal', arg: decimalText(value, path) } }),
  unmark: asNumber,
};

/** A number as Cedar writes decimals. INVARIANT: nothing is rounded; a rule never sees another amount than the tool. */
export function decimalText(value: Json, path: string): string {
  if (typeof value !== 'number') fail(path, 'a number');
  const match = /^(-?[0-9]+)(?:\.([0-9]{1,4}))?$/.exec(String(value));
  // 64 bits of ten-thousandths reach to 922,337,203,685,477.5807.
  if (match === null || Math.abs(value) >= 922_337_203_685_477)
    fail(path, 'a number with at most four digits behind the point');
  return `${match[1]}.${match[2] ?? '0'}`;
}

function shapeOf(schema: Json | undefined, root: JsonObject, depth: number): Shape | null {
  if (depth > DEPTH_MAX || typeof schema !== 'object' || schema === null || Array.isArray(schema)) return null;
  const node = schema as JsonObject;
  if (typeof node.$ref === 'string') return shapeOf(resolve(node.$ref, root), root, depth + 1);
  if (Array.isArray(node.enum) || node.const !== undefined) {
    const values = (Array.isArray(node.enum) ? node.enum : [node.const]).filter((value) => value !== null);
    return values.length > 0 && values.every((value) => typeof value === 'string') ? TEXT : null;
  }
  switch (typesOf(node).join()) {
    case 'string':
      return TEXT;
    case 'integer':
      return LONG;
    case 'boolean':
      return BOOL;
    case 'number':
      return DECIMAL;
    case 'array':
      return setShape(node, root, depth);
    case 'object':
      return recordShape(node, root, depth);
  }
  return null;
}

/** The types that a node may have, `null` left out. */
function typesOf(node: JsonObject): Json[] {
  const types = Array.isArray(node.type) ? (node.type as Json[]) : [node.type ?? null];
  return types.filter((type) => type !== 'null' && type !== null);
}

function setShape(node: JsonObject, root: JsonObject, depth: number): Shape | null {
  if (node.prefixItems !== undefined) return null;
  const element = shapeOf(node.items, root, depth + 1);
  if (element === null || ![TEXT, LONG, BOOL, DECIMAL].includes(element) || mayBeNull(node.items, root)) return null;
  return {
    type: `Set<${element.type}>`,
    convert: (value, path) =>
      Array.isArray(value)
        ? value.map((item: Json, index) => element.convert(item, `${path}/${index}`))
        : fail(path, 'a list'),
    unmark: (value) => (Array.isArray(value) ? value.map((item: Json) => element.unmark(item)) : value),
  };
}

function recordShape(node: JsonObject, root: JsonObject, depth: number): Shape | null {
  if (typesOf(node).join() !== 'object' || typeof node.properties !== 'object' || node.properties === null) return null;
  const required = new Set(Array.isArray(node.required) ? (node.required as Json[]) : []);
  const members = Object.entries(node.properties as JsonObject)
    .slice(0, MEMBERS_MAX)
    .flatMap(([name, schema]) => {
      const shape = NAME.test(name) ? shapeOf(schema, root, depth + 1) : null;
      return shape === null ? [] : [{ name, shape, optional: !required.has(name) || mayBeNull(schema, root) }];
    });
  const types = members.map(
    ({ name, shape, optional }) => `${JSON.stringify(name)}${optional ? '?' : ''}: ${shape.type}`,
  );
  return {
    type: `{ ${types.join(', ')} }`,
    convert: (value, path) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'an object');
      const converted: Record<string, CedarValueJson> = {};
      for (const { name, shape, optional } of members) {
        const member = Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
        if (member === undefined || (member === null && optional)) {
          if (!optional) fail(`${path}/${name}`, 'there');
          continue;
        }
        converted[name] = shape.convert(member, `${path}/${name}`);
      }
      return converted;
    },
    unmark: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      const told = members.filter(({ name }) => Object.hasOwn(value, name));
      return {
        ...(value as JsonObject),
        ...Object.fromEntries(told.map(({ name, shape }) => [name, shape.unmark((value as JsonObject)[name]!)])),
      };
    },
  };
}

function mayBeNull(schema: Json | undefined, root: JsonObject): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false;
  const node = schema as JsonObject;
  if (typeof node.$ref === 'string') {
    const target = resolve(node.$ref, root);
    // One step is enough to be sure: a chain of references counts as nullable, which only makes a member optional.
    return typeof target === 'object' && target !== null && Object.hasOwn(target, '$ref')
      ? true
      : mayBeNull(target, root);
  }
  const types = Array.isArray(node.type) ? (node.type as Json[]) : [];
  return types.includes('null') || (Array.isArray(node.enum) && (node.enum as Json[]).includes(null));
}

/** A reference within the same schema; anything else is free-form. */
function resolve(reference: string, root: JsonObject): Json | undefined {
  if (!reference.startsWith('#/')) return undefined;
  let at: Json | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as JsonObject)[name];
  }
  return at;
}
