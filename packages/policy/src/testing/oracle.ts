import type { CedarValueJson, Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarRequest } from '../facts.ts';
import { type OracleExtension, oracleCall } from './oracle-extensions.ts';

/**
 * A reference evaluator for Cedar, written from the language's specification over its JSON form. It is naive on purpose:
 * it walks the tree anew for every rule and request, keeps every long a bigint, searches hierarchies step by step, and
 * shares nothing with the compiler but the types of the official package. Tests compare the two.
 */
export type OracleValue =
  | { readonly is: 'bool'; readonly bool: boolean }
  | { readonly is: 'long'; readonly long: bigint }
  | { readonly is: 'string'; readonly string: string }
  | { readonly is: 'entity'; readonly type: string; readonly id: string }
  | { readonly is: 'set'; readonly items: readonly OracleValue[] }
  | { readonly is: 'record'; readonly attrs: Readonly<Record<string, OracleValue>> }
  | OracleExtension;

type Of<Is extends OracleValue['is']> = Extract<OracleValue, { is: Is }>;

/** Cedar's evaluation error. */
export class OracleError extends Error {}

export interface OracleResult {
  readonly permits: readonly string[];
  readonly forbids: readonly string[];
  readonly errors: readonly string[];
}

/** What each rule says: the ids of the permits and forbids that apply, and of those that fail, each list sorted. */
export function oracle(policies: Readonly<Record<string, PolicyJson>>, request: CedarRequest): OracleResult {
  const result = { permits: [] as string[], forbids: [] as string[], errors: [] as string[] };
  for (const id of Object.keys(policies).sort()) {
    const policy = policies[id]!;
    try {
      if (!applies(policy, request)) continue;
      (policy.effect === 'permit' ? result.permits : result.forbids).push(id);
    } catch (error) {
      if (!(error instanceof OracleError)) throw error;
      result.errors.push(id);
    }
  }
  return result;
}

type Uid = { readonly type: string; readonly id: string };
const bool = (value: boolean): OracleValue => ({ is: 'bool', bool: value });
const plain = (given: unknown): Uid => (given as { __entity?: Uid }).__entity ?? (given as Uid);

function applies(policy: PolicyJson, request: CedarRequest): boolean {
  for (const name of ['principal', 'action', 'resource'] as const)
    if (!inScope(plain(request[name]), policy[name] as Scope, request)) return false;
  for (const { kind, body } of policy.conditions)
    if (truth(evaluate(body, request)) !== (kind === 'when')) return false;
  return true;
}

interface Scope {
  readonly op: 'All' | '==' | 'in' | 'is';
  readonly entity?: unknown;
  readonly entities?: readonly unknown[];
  readonly entity_type?: string;
  readonly in?: { readonly entity: unknown };
}

function inScope(uid: Uid, scope: Scope, request: CedarRequest): boolean {
  switch (scope.op) {
    case 'All':
      return true;
    case '==':
      return same(uid, plain(scope.entity));
    case 'in':
      return (scope.entities ?? [scope.entity]).some((entity) => isIn(uid, plain(entity), request));
    case 'is':
      return uid.type === scope.entity_type && (scope.in === undefined || isIn(uid, plain(scope.in.entity), request));
  }
}

const same = (a: Uid, b: Uid) => a.type === b.type && a.id === b.id;

function find(uid: Uid, request: CedarRequest) {
  return request.entities.find((entity) => same(plain(entity.uid), uid));
}

function isIn(uid: Uid, ancestor: Uid, request: CedarRequest): boolean {
  if (same(uid, ancestor)) return true;
  return (find(uid, request)?.parents ?? []).some((parent) => isIn(plain(parent), ancestor, request));
}

function truth(value: OracleValue): boolean {
  if (value.is !== 'bool') throw new OracleError('not a bool');
  return value.bool;
}

function whole(value: OracleValue): bigint {
  if (value.is !== 'long') throw new OracleError('not a long');
  return value.long;
}

function long(value: bigint): OracleValue {
  if (value !== BigInt.asIntN(64, value)) throw new OracleError('overflow');
  return { is: 'long', long: value };
}

function text(value: OracleValue): string {
  if (value.is !== 'string') throw new OracleError('not a string');
  return value.string;
}

function itemsOf(value: OracleValue): readonly OracleValue[] {
  if (value.is !== 'set') throw new OracleError('not a set');
  return value.items;
}

function entityOf(value: OracleValue): Uid {
  if (value.is !== 'entity') throw new OracleError('not an entity');
  return value;
}

function oracleEqual(a: OracleValue, b: OracleValue): boolean {
  if (a.is === 'set' && b.is === 'set')
    return (
      a.items.every((item) => b.items.some((other) => oracleEqual(item, other))) &&
      b.items.every((item) => a.items.some((other) => oracleEqual(item, other)))
    );
  if (a.is === 'record' && b.is === 'record') {
    const names = Object.keys(a.attrs);
    return (
      names.length === Object.keys(b.attrs).length &&
      names.every((name) => Object.hasOwn(b.attrs, name) && oracleEqual(a.attrs[name]!, b.attrs[name]!))
    );
  }
  if (a.is === 'entity' && b.is === 'entity') return same(a, b);
  const told = (value: OracleValue) =>
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));
  return told(a) === told(b);
}

/** A value as JSON tells it, in a request or as a literal. */
function oracleValue(json: CedarValueJson): OracleValue {
  if (typeof json === 'boolean') return bool(json);
  if (typeof json === 'string') return { is: 'string', string: json };
  if (typeof json === 'number') return long(BigInt(json));
  if (Array.isArray(json)) return { is: 'set', items: json.map(oracleValue) };
  if (json === null) throw new OracleError('null');
  if ('__entity' in json) return { is: 'entity', ...(json.__entity as Uid) };
  if ('__extn' in json) {
    const { fn, arg } = json.__extn as { fn: string; arg: CedarValueJson };
    return oracleCall(fn, [oracleValue(arg)]);
  }
  return {
    is: 'record',
    attrs: Object.fromEntries(
      Object.entries(json).map(([name, value]) => [name, oracleValue(value as CedarValueJson)]),
    ),
  };
}

/** The attributes of a record or of an entity that the request tells of; `null` for an unknown entity. */
function attrsOf(value: OracleValue, request: CedarRequest): Readonly<Record<string, OracleValue>> | null {
  if (value.is === 'record') return value.attrs;
  const entity = find(entityOf(value), request);
  return entity === undefined ? null : (oracleValue(entity.attrs as CedarValueJson) as Of<'record'>).attrs;
}

function evaluate(expr: Expr, request: CedarRequest): OracleValue {
  const [operator, operands] = Object.entries(expr)[0] as [string, Record<string, Expr> & Record<string, unknown>];
  const go = (inner: unknown) => evaluate(inner as Expr, request);
  const { left, right, arg } = operands;
  switch (operator) {
    case 'Value':
      return oracleValue(operands as unknown as CedarValueJson);
    case 'Var': {
      const name = operands as unknown as 'principal' | 'action' | 'resource' | 'context';
      if (name === 'context') return oracleValue(request.context as CedarValueJson);
      return { is: 'entity', ...plain(request[name]) };
    }
    case '!':
      return bool(!truth(go(arg)));
    case 'neg':
      return long(-whole(go(arg)));
    case '&&':
      return truth(go(left)) ? bool(truth(go(right))) : bool(false);
    case '||':
      return truth(go(left)) ? bool(true) : bool(truth(go(right)));
    case 'if-then-else':
      return truth(go(operands.if)) ? go(operands.then) : go(operands.else);
    case '==':
      return bool(oracleEqual(go(left), go(right)));
    case '!=':
      return bool(!oracleEqual(go(left), go(right)));
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const sign = compare(go(left), go(right));
      return bool({ '<': sign < 0, '<=': sign <= 0, '>': sign > 0, '>=': sign >= 0 }[operator]);
    }
    case '+':
      return long(whole(go(left)) + whole(go(right)));
    case '-':
      return long(whole(go(left)) - whole(go(right)));
    case '*':
      return long(whole(go(left)) * whole(go(right)));
    case 'in': {
      const uid = entityOf(go(left));
      const target = go(right);
      const targets = target.is === 'set' ? target.items.map(entityOf) : [entityOf(target)];
      return bool(targets.some((ancestor) => isIn(uid, ancestor, request)));
    }
    case 'is': {
      const uid = entityOf(go(left));
      if (uid.type !== (operands.entity_type as unknown)) return bool(false);
      return operands.in === undefined ? bool(true) : bool(isIn(uid, entityOf(go(operands.in)), request));
    }
    case 'contains': {
      const items = itemsOf(go(left));
      const item = go(right);
      return bool(items.some((other) => oracleEqual(item, other)));
    }
    case 'containsAll':
    case 'containsAny': {
      const items = itemsOf(go(left));
      const others = itemsOf(go(right));
      const hit = (item: OracleValue) => items.some((other) => oracleEqual(item, other));
      return bool(operator === 'containsAll' ? others.every(hit) : others.some(hit));
    }
    case 'isEmpty':
      return bool(itemsOf(go(arg)).length === 0);
    case 'has': {
      const attr = operands.attr as unknown as string | string[];
      let at = go(left);
      for (const name of typeof attr === 'string' ? [attr] : attr) {
        const attrs = attrsOf(at, request);
        if (attrs === null || !Object.hasOwn(attrs, name)) return bool(false);
        at = attrs[name]!;
      }
      return bool(true);
    }
    case '.': {
      const attrs = attrsOf(go(left), request);
      const name = operands.attr as unknown as string;
      if (attrs === null || !Object.hasOwn(attrs, name)) throw new OracleError('no such attribute');
      return attrs[name]!;
    }
    case 'hasTag':
    case 'getTag': {
      const entity = find(entityOf(go(left)), request);
      const tag = text(go(right));
      const there = entity?.tags !== undefined && Object.hasOwn(entity.tags, tag);
      if (operator === 'hasTag') return bool(there);
      if (!there) throw new OracleError('no such tag');
      return oracleValue(entity.tags![tag]!);
    }
    case 'like':
      return bool(like([...text(go(left))], patternOf(operands.pattern as never)));
    case 'Set':
      return { is: 'set', items: (operands as unknown as Expr[]).map(go) };
    case 'Record':
      return {
        is: 'record',
        attrs: Object.fromEntries(Object.entries(operands).map(([name, value]) => [name, go(value)])),
      };
  }
  return oracleCall(operator, (operands as unknown as Expr[]).map(go));
}

/** Longs, datetimes and durations are ordered, each among themselves. */
function compare(a: OracleValue, b: OracleValue): number {
  const amount = (value: OracleValue): bigint => {
    if (value.is === 'long') return value.long;
    if (value.is === 'datetime' || value.is === 'duration') return value.ms;
    throw new OracleError('not ordered');
  };
  if (a.is !== b.is) throw new OracleError('of two types');
  const difference = amount(a) - amount(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

const WILDCARD = null;

function patternOf(pattern: readonly ('Wildcard' | { Literal: string })[]): (string | null)[] {
  return pattern.flatMap((part): (string | null)[] => (part === 'Wildcard' ? [WILDCARD] : [...part.Literal]));
}

/** One row for each character of the text: which places of the pattern can be reached. */
function like(characters: readonly string[], pattern: readonly (string | null)[]): boolean {
  const skip = (places: Set<number>) => {
    for (const place of places) if (pattern[place] === WILDCARD) places.add(place + 1);
    return places;
  };
  let places = skip(new Set([0]));
  for (const character of characters) {
    const next = new Set<number>();
    for (const place of places) {
      if (pattern[place] === WILDCARD) next.add(place);
      else if (pattern[place] === character) next.add(place + 1);
    }
    places = skip(next);
  }
  return places.has(pattern.length);
}
