import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { actionsCovered, conjunctCompiler, conjunctsOf } from './condition.ts';
import { compileExpression, type Evaluate, type Test } from './expression.ts';
import type { CompiledRequest } from './request.ts';
import type { CedarSchema } from './schema.ts';
import { type ActionView, isTotal, pathType } from './total.ts';
import { EntityRef, keyOf, type Value } from './values.ts';

/** What the compiler needs of a rule. */
export interface RuleToCompile {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly json: PolicyJson;
}

export interface CompiledRule<R extends RuleToCompile> {
  readonly rule: R;
  readonly applies: Test;
}

/** The rules that one action can meet. Those with a constant in their way are found by it, without being evaluated. */
export interface Slice<R extends RuleToCompile> {
  readonly all: readonly CompiledRule<R>[];
  readonly always: readonly CompiledRule<R>[];
  readonly indexes: readonly Index<R>[];
}

/** Rules that apply only where `path` equals (or is in) one of the keys under which they stand. */
interface Index<R extends RuleToCompile> {
  readonly path: Evaluate;
  readonly hierarchy: boolean;
  readonly rulesByKey: Buckets<CompiledRule<R>>;
}

/** Rules by a value: by an entity's type and id, or by the key of any other value. */
class Buckets<T> {
  readonly #byType = new Map<string, Map<string, T[]>>();

  add(value: Value, item: T): void {
    const [type, id] = placeOf(value);
    const byId = this.#byType.get(type) ?? new Map<string, T[]>();
    this.#byType.set(type, byId);
    const bucket = byId.get(id) ?? [];
    byId.set(id, bucket);
    bucket.push(item);
  }

  get(value: Value): readonly T[] {
    const [type, id] = placeOf(value);
    return this.#byType.get(type)?.get(id) ?? [];
  }
}

/** Type names are never empty. */
const placeOf = (value: Value): readonly [string, string] =>
  value instanceof EntityRef ? [value.type, value.id] : ['', keyOf(value)];

/** A necessary condition of a rule: a path that must have one of these values, or be in one of them. */
interface Gate {
  readonly name: string;
  readonly path: Expr;
  readonly hierarchy: boolean;
  /** Which of the rule's conjuncts it is. */
  readonly at: number;
  readonly values: readonly Value[];
}

interface Sorted<R extends RuleToCompile> extends CompiledRule<R> {
  readonly conjuncts: readonly Expr[];
  readonly gates: readonly Gate[];
}

/** Compiles rules once and sorts them by action. Throws `Unsupported`. */
export function sliceByAction<R extends RuleToCompile>(
  rules: readonly R[],
  schema: CedarSchema,
): Map<string, Slice<R>> {
  const compile = conjunctCompiler();
  const compiled = rules.map((rule) => {
    const conjuncts = conjunctsOf(rule.json);
    return {
      rule,
      conjuncts,
      applies: compile(conjuncts),
      actions: new Set(actionsCovered(rule.json.action, schema)),
    };
  });
  return new Map(
    [...schema.actions].map(([id, { principals, resources, context }]) => {
      const view: ActionView = { schema, principals, resources, context };
      const met = compiled
        .filter(({ actions }) => actions.has(id))
        .map(({ rule, applies, conjuncts }) => ({ rule, applies, conjuncts, gates: gatesOf(conjuncts, view) }));
      return [id, sliceOf(met, compile)];
    }),
  );
}

function sliceOf<R extends RuleToCompile>(
  rules: readonly Sorted<R>[],
  compile: (conjuncts: readonly Expr[]) => Test,
): Slice<R> {
  const valuesByGate = new Map<string, Set<string>>();
  for (const { gates } of rules)
    for (const { name, values } of gates) {
      const known = valuesByGate.get(name) ?? new Set();
      for (const value of values) known.add(keyOf(value));
      valuesByGate.set(name, known);
    }
  const always: CompiledRule<R>[] = [];
  const found = new Map<string, { gate: Gate; rulesByKey: Buckets<CompiledRule<R>> }>();
  for (const { rule, applies, conjuncts, gates } of rules) {
    // The gate whose path has the most values over all rules leaves out the most.
    const gate = gates.toSorted((a, b) => valuesByGate.get(b.name)!.size - valuesByGate.get(a.name)!.size)[0];
    if (gate === undefined) {
      always.push({ rule, applies });
      continue;
    }
    const index = found.get(gate.name) ?? { gate, rulesByKey: new Buckets() };
    found.set(gate.name, index);
    // Whoever is found by the gate's value has passed the gate; the conjuncts before it cannot fail, only not hold.
    const passed = { rule, applies: compile(conjuncts.filter((_, at) => at !== gate.at)) };
    for (const value of distinct(gate.values)) index.rulesByKey.add(value, passed);
  }
  const indexes = [...found.values()].map(({ gate, rulesByKey }) => ({
    path: compileExpression(gate.path),
    hierarchy: gate.hierarchy,
    rulesByKey,
  }));
  return { all: rules.map(({ rule, applies }) => ({ rule, applies })), always, indexes };
}

const distinct = (values: readonly Value[]): Value[] => [
  ...new Map(values.map((value) => [keyOf(value), value])).values(),
];

/**
 * The gates of a rule. INVARIANT: a conjunct is a gate only where nothing before it can fail; otherwise leaving the rule
 * out would hide an error, and an error must refuse.
 */
function gatesOf(conjuncts: readonly Expr[], view: ActionView): Gate[] {
  const gates: Gate[] = [];
  for (const [at, conjunct] of conjuncts.entries()) {
    const gate = gateOf(conjunct, view);
    if (gate !== null) gates.push({ ...gate, at });
    if (!isTotal(conjunct, view)) break;
  }
  return gates;
}

function gateOf(expr: Expr, view: ActionView): Omit<Gate, 'at'> | null {
  if ('==' in expr) {
    const { left, right } = expr['=='] as { left: Expr; right: Expr };
    return gate(left, [right], false, view) ?? gate(right, [left], false, view);
  }
  if ('in' in expr) {
    const { left, right } = expr.in as { left: Expr; right: Expr };
    return gate(left, 'Set' in right ? (right.Set as Expr[]) : [right], true, view);
  }
  if ('contains' in expr) {
    const { left, right } = expr.contains as { left: Expr; right: Expr };
    return 'Set' in left ? gate(right, left.Set as Expr[], false, view) : null;
  }
  if ('||' in expr) {
    const { left, right } = expr['||'] as { left: Expr; right: Expr };
    const [a, b] = [gateOf(left, view), gateOf(right, view)];
    return a === null || b === null || a.name !== b.name ? null : { ...a, values: [...a.values, ...b.values] };
  }
  return null;
}

function gate(path: Expr, literals: readonly Expr[], hierarchy: boolean, view: ActionView): Omit<Gate, 'at'> | null {
  const isVariable = 'Var' in path && path.Var !== 'context' && path.Var !== 'action';
  if (!isVariable && (!('.' in path) || pathType(path, view) === null)) return null;
  const values: Value[] = [];
  for (const literal of literals) {
    if (!('Value' in literal)) return null;
    // A literal has a value whatever is asked.
    const value = compileExpression(literal)(NO_REQUEST);
    if (hierarchy && !(value instanceof EntityRef)) return null;
    values.push(value);
  }
  return { name: `${hierarchy ? 'in' : '=='} ${JSON.stringify(path)}`, path, hierarchy, values };
}

const NO_REQUEST = { find: () => undefined } as unknown as CompiledRequest;

/** Calls `visit` for each rule that may apply or fail, each once. */
export function forEachCandidate<R extends RuleToCompile>(
  { all, always, indexes }: Slice<R>,
  request: CompiledRequest,
  visit: (candidate: CompiledRule<R>) => void,
): void {
  if (!request.complete) {
    for (const candidate of all) visit(candidate);
    return;
  }
  for (const candidate of always) visit(candidate);
  for (const { path, hierarchy, rulesByKey } of indexes) {
    const value = path(request);
    const hits = rulesByKey.get(value);
    for (const candidate of hits) visit(candidate);
    const ancestors = hierarchy ? (value as EntityRef).data?.ancestors.refs : undefined;
    if (ancestors === undefined || ancestors.length === 0) continue;
    // A rule that names several groups stands under each.
    const seen = new Set(hits);
    for (const ancestor of ancestors)
      for (const candidate of rulesByKey.get(ancestor)) {
        if (seen.has(candidate)) continue;
        seen.add(candidate);
        visit(candidate);
      }
  }
}
