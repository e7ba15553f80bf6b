import {
  BadSchema,
  CATEGORIES,
  compileSchema,
  type Json,
  type JsonObject,
  type ToolContract,
} from '@portreeve/contract';
import { parse } from 'yaml';
import type { ToolLabels } from './data.ts';

/**
 * A tool's contract from its labels alone: nothing here knows a suite, a tool or a value. What a label does not say is
 * taken at its worst: an effect outside, an answer that anybody wrote, content where an argument has no place.
 */
export function contractOf(tool: ToolLabels): ToolContract {
  const args = schemaOf(tool.parameters);
  const effect = tool.effect ?? 'external';
  const names = Object.keys((args.properties ?? {}) as JsonObject);
  const recipients = tool.sink_args ?? [];
  // What goes out through a read goes where its texts say.
  const leaving = tool.egress && effect === 'read' && recipients.length === 0 ? names : recipients;
  const placed = new Set([...leaving, ...(tool.target_args ?? [])]);
  const sink = (kind: ToolContract['sinks'][number]['kind']) => (name: string) => ({
    path: `/${pointerPart(name)}`,
    kind,
  });
  const isEffect = effect !== 'read';
  return {
    name: tool.name,
    version: '1',
    title: tool.name,
    description: tool.description ?? tool.name,
    tier: isEffect ? 2 : 1,
    effect,
    args,
    result: { type: resultType(tool.return_type) },
    sinks: [
      ...leaving.map(sink('recipient')),
      ...(tool.target_args ?? []).map(sink('target')),
      // How much: a number that an effect takes, wherever the labels put it.
      ...names.filter((name) => isEffect && !placed.has(name) && isNumeric(propertyOf(args, name))).map(sink('amount')),
    ],
    clearance: { confidentiality: 'restricted', categories: [...CATEGORIES] },
    profiles: {},
    undo: tool.destructive ? 'irreversible' : { tool: 'undo_by_hand', args: {}, window_minutes: 60 },
    timeout_ms: 1000,
    idempotency: 'none',
    audience: 'bench',
    binding: { connector: 'http', method: 'POST', url: 'https://bench.invalid/', body: true },
    destructive: tool.destructive ?? false,
    egress: (tool.egress ?? false) && effect === 'read',
    returns: tool.returns_untrusted === false ? 'trusted' : 'untrusted',
  };
}

/**
 * The answer as its tool gives it: the set keeps every answer as text. Where the tool answers with objects or lists, the
 * text is their YAML or JSON; where it answers with text, it stays text, whatever it looks like.
 */
export function outputOf(contract: ToolContract, text: Json): Json {
  if (typeof text !== 'string') return text;
  const { type } = contract.result;
  if (type !== 'object' && type !== 'array') return text;
  try {
    const value = parse(text, { schema: 'core', maxAliasCount: 0, logLevel: 'silent' }) as Json;
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}

function schemaOf(parameters: JsonObject | undefined): JsonObject {
  const schema = withoutNotations(parameters ?? { type: 'object' }) as JsonObject;
  try {
    compileSchema(schema);
    return schema;
  } catch (error) {
    if (!(error instanceof BadSchema)) throw error;
    return { type: 'object', properties: schema.properties ?? {} };
  }
}

/** What its system calls a date or an address is its own matter: it took these calls. Types and choices stay. */
function withoutNotations(node: Json): Json {
  if (Array.isArray(node)) return node.map(withoutNotations);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(
    ([name, value]) => !(/^(?:format|pattern)$/.test(name) && typeof value === 'string'),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutNotations(value as Json)]));
}

function resultType(type: string | undefined): string {
  if (type === undefined) return 'string';
  if (/^(?:list|tuple|set)\b/i.test(type)) return 'array';
  return /(?:\bstr\b|\bfloat\b|\bint\b|\bbool\b|NoneType)/.test(type)
    ? /^dict/.test(type)
      ? 'object'
      : 'string'
    : 'object';
}

const propertyOf = (args: JsonObject, name: string) => ((args.properties ?? {}) as JsonObject)[name];

function isNumeric(schema: Json | undefined): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false;
  const { type, anyOf } = schema as JsonObject;
  const types = Array.isArray(type) ? type : [type];
  if (types.some((each) => each === 'number' || each === 'integer')) return true;
  return Array.isArray(anyOf) && anyOf.some((branch) => isNumeric(branch));
}

const pointerPart = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');
