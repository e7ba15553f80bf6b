import type { Expr } from '@cedar-policy/cedar-wasm/nodejs';
import { CONSTRUCTORS } from './extensions.ts';
import { EvaluationFault, Unsupported } from './fault.ts';
import { add, type Long, multiply, negate, subtract } from './long.ts';
import { METHODS } from './methods.ts';
import { likePattern } from './pattern.ts';
import type { CompiledRequest } from './request.ts';
import {
  DatetimeValue,
  DurationValue,
  EntityRef,
  equal,
  type RecordValue,
  SetValue,
  sameEntity,
  type Value,
} from './values.ts';

/** A compiled expression. Throws {@link EvaluationFault} exactly where Cedar reports an evaluation error. */
export type Evaluate = (request: CompiledRequest) => Value;
/** A compiled condition. */
export type Test = (request: CompiledRequest) => boolean;

const DEPTH_MAX = 200;

/** Compiles one expression of Cedar's JSON policy form. Throws {@link Unsupported} for what it does not know. */
export function compileExpression(expr: Expr, depth = 0): Evaluate {
  if (depth > DEPTH_MAX) throw new Unsupported('an expression is nested too deeply');
  const entries = Object.entries(expr);
  const entry = entries[0];
  if (entries.length !== 1 || entry === undefined) throw new Unsupported('an expression without one operator');
  const [operator, operands] = entry;
  const sub = (inner: Expr) => compileExpression(inner, depth + 1);
  const compile = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (compile !== undefined) return compile(operands as never, sub);
  return callOf(operator, operands, sub);
}

type Compile = (operands: never, sub: (inner: Expr) => Evaluate) => Evaluate;
interface Binary {
  readonly left: Expr;
  readonly right: Expr;
}

const wrongType = (wanted: string) => new EvaluationFault(`type error: expected ${wanted}`);

export function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw wrongType('bool');
  return value;
}

function asLong(value: Value): Long {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrongType('long');
  return value;
}

function asString(value: Value): string {
  if (typeof value !== 'string') throw wrongType('string');
  return value;
}

function asSet(value: Value): SetValue {
  if (!(value instanceof SetValue)) throw wrongType('set');
  return value;
}

function asEntity(value: Value): EntityRef {
  if (!(value instanceof EntityRef)) throw wrongType('entity');
  return value;
}

const isRecord = (value: Value): value is RecordValue => value instanceof Map;

/** Where only equality matters, what a request says of a named entity does not. */
function named(expr: Expr, sub: (inner: Expr) => Evaluate): Evaluate {
  if (!('Value' in expr)) return sub(expr);
  const value = literalOf(expr.Value);
  return () => value;
}

const binaryOf =
  (onLeft: typeof named, onRight: typeof named, apply: (left: Value, right: Value) => Value): Compile =>
  (operands: Binary, sub) => {
    const left = onLeft(operands.left, sub);
    const right = onRight(operands.right, sub);
    return (request) => apply(left(request), right(request));
  };

const looked: typeof named = (expr, sub) => sub(expr);
const binary = (apply: (left: Value, right: Value) => Value) => binaryOf(looked, looked, apply);
const comparison = (apply: (left: Value, right: Value) => Value) => binaryOf(named, named, apply);

/** `<` and its kin hold between longs, datetimes and durations. */
const order = (apply: (left: Long, right: Long) => boolean): Compile =>
  binary((left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return apply(left, right);
    if (left instanceof DatetimeValue && right instanceof DatetimeValue) return apply(left.ms, right.ms);
    if (left instanceof DurationValue && right instanceof DurationValue) return apply(left.ms, right.ms);
    return apply(asLong(left), asLong(right));
  });

const OPERATORS: Readonly<Record<string, Compile>> = {
  Value: (literal: unknown) => {
    const value = literalOf(literal);
    if (value instanceof EntityRef) return (request) => request.find(value.type, value.id) ?? value;
    return () => value;
  },
  Var: (name: string) => {
    switch (name) {
      case 'principal':
        return (request) => request.principal;
      case 'action':
        return (request) => request.action;
      case 'resource':
        return (request) => request.resource;
      case 'context':
        return (request) => request.context;
    }
    throw new Unsupported(`the variable ${name}`);
  },
  '!': (operands: { arg: Expr }, sub) => {
    const arg = sub(operands.arg);
    return (request) => !asBoolean(arg(request));
  },
  neg: (operands: { arg: Expr }, sub) => {
    const arg = sub(operands.arg);
    return (request) => negate(asLong(arg(request)));
  },
  '&&': (operands: Binary, sub) => {
    const left = sub(operands.left);
    const right = sub(operands.right);
    return (request) => asBoolean(left(request)) && asBoolean(right(request));
  },
  '||': (operands: Binary, sub) => {
    const left = sub(operands.left);
    const right = sub(operands.right);
    return (request) => asBoolean(left(request)) || asBoolean(right(request));
  },
  'if-then-else': (operands: { if: Expr; then: Expr; else: Expr }, sub) => {
    const condition = sub(operands.if);
    const yes = sub(operands.then);
    const no = sub(operands.else);
    return (request) => (asBoolean(condition(request)) ? yes(request) : no(request));
  },
  '==': comparison(equal),
  '!=': comparison((left, right) => !equal(left, right)),
  '<': order((left, right) => left < right),
  '<=': order((left, right) => left <= right),
  '>': order((left, right) => left > right),
  '>=': order((left, right) => left >= right),
  '+': binary((left, right) => add(asLong(left), asLong(right))),
  '-': binary((left, right) => subtract(asLong(left), asLong(right))),
  '*': binary((left, right) => multiply(asLong(left), asLong(right))),
  contains: comparison((left, right) => asSet(left).has(right)),
  containsAll: binary((left, right) => asSet(left).hasAll(asSet(right))),
  containsAny: binary((left, right) => {
    const [set, other] = [asSet(left), asSet(right)];
    return other.items.some((item) => set.has(item));
  }),
  isEmpty: (operands: { arg: Expr }, sub) => {
    const arg = sub(operands.arg);
    return (request) => asSet(arg(request)).items.length === 0;
  },
  in: binaryOf(looked, named, (left, right) => {
    const entity = asEntity(left);
    if (right instanceof EntityRef) return isIn(entity, right);
    // Every member must be an entity, also behind the first hit.
    return asSet(right)
      .items.map(asEntity)
      .some((other) => isIn(entity, other));
  }),
  is: (operands: { left: Expr; entity_type: string; in?: Expr }, sub) => {
    const left = sub(operands.left);
    const type = operands.entity_type;
    if (operands.in === undefined) return (request) => asEntity(left(request)).type === type;
    const within = OPERATORS.in!({ left: operands.left, right: operands.in } as never, sub);
    return (request) => asEntity(left(request)).type === type && within(request);
  },
  has: (operands: { left: Expr; attr: string | string[] }, sub) => {
    const left = sub(operands.left);
    const path = typeof operands.attr === 'string' ? [operands.attr] : operands.attr;
    return (request) => {
      let value = left(request);
      for (const [index, attr] of path.entries()) {
        const attrs = isRecord(value) ? value : asEntity(value).data?.attrs;
        const next = attrs?.get(attr);
        if (next === undefined) return false;
        if (index < path.length - 1) value = next;
      }
      return true;
    };
  },
  '.': (operands: { left: Expr; attr: string }, sub) => {
    const left = sub(operands.left);
    const { attr } = operands;
    return (request) => {
      const value = left(request);
      const found = (isRecord(value) ? value : dataOf(value).attrs).get(attr);
      if (found === undefined) throw new EvaluationFault('attribute does not exist');
      return found;
    };
  },
  hasTag: binary((left, right) => {
    const tag = asString(right);
    return asEntity(left).data?.tags.has(tag) ?? false;
  }),
  getTag: binary((left, right) => {
    const found = dataOf(asEntity(left)).tags.get(asString(right));
    if (found === undefined) throw new EvaluationFault('tag does not exist');
    return found;
  }),
  like: (operands: { left: Expr; pattern: Parameters<typeof likePattern>[0] }, sub) => {
    const left = sub(operands.left);
    const matches = likePattern(operands.pattern);
    return (request) => matches(asString(left(request)));
  },
  Set: (items: Expr[], sub) => {
    const members = items.map((item) => named(item, sub));
    const evaluate = (request: CompiledRequest) => new SetValue(members.map((member) => member(request)));
    if (!items.every((item) => 'Value' in item)) return evaluate;
    // A set of literals is made once.
    const value = evaluate(undefined as never);
    return () => value;
  },
  Record: (attributes: Record<string, Expr>, sub) => {
    const members = Object.entries(attributes).map(([name, value]) => [name, sub(value)] as const);
    return (request) => new Map(members.map(([name, member]) => [name, member(request)]));
  },
};

function dataOf(value: Value) {
  const { data } = asEntity(value);
  if (data === null) throw new EvaluationFault('entity does not exist');
  return data;
}

function isIn(entity: EntityRef, other: EntityRef): boolean {
  return sameEntity(entity, other) || entity.data?.ancestors.find(other.type, other.id) !== undefined;
}

/** A literal of a rule. */
function literalOf(literal: unknown): Value {
  if (typeof literal === 'boolean' || typeof literal === 'string') return literal;
  if (typeof literal === 'number') {
    if (!Number.isSafeInteger(literal)) throw new Unsupported('a literal that is not an exact integer');
    return literal;
  }
  const uid = (literal as { __entity?: { type?: unknown; id?: unknown } } | null)?.__entity;
  if (typeof uid?.type === 'string' && typeof uid.id === 'string') return new EntityRef(uid.type, uid.id);
  throw new Unsupported('a literal of this form');
}

/** A function of an extension type, or one of its methods: the operands are a list. */
function callOf(name: string, operands: unknown, sub: (inner: Expr) => Evaluate): Evaluate {
  if (!Array.isArray(operands)) throw new Unsupported(`the operator ${name}`);
  const args = (operands as Expr[]).map(sub);
  if (Object.hasOwn(CONSTRUCTORS, name) && args.length === 1) {
    const construct = CONSTRUCTORS[name]!;
    const arg = args[0]!;
    const literal = (operands[0] as { Value?: unknown }).Value;
    if (typeof literal === 'string') {
      // Made once; a text that is none fails at each evaluation, as in Cedar, and not when the rule is compiled.
      try {
        const value = construct(literal);
        return () => value;
      } catch (fault) {
        return () => {
          throw fault;
        };
      }
    }
    return (request) => construct(asString(arg(request)));
  }
  const method = Object.hasOwn(METHODS, name) ? METHODS[name]! : undefined;
  if (method === undefined || method.length !== args.length) throw new Unsupported(`the function ${name}`);
  const [first, second] = args as [Evaluate, Evaluate];
  if (args.length === 1) return (request) => method(first(request), undefined as never);
  return (request) => method(first(request), second(request));
}
