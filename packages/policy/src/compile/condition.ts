import type {
  ActionConstraint,
  Expr,
  PolicyJson,
  PrincipalConstraint,
  ResourceConstraint,
} from '@cedar-policy/cedar-wasm/nodejs';
import { asBoolean, compileExpression, type Evaluate, type Test } from './expression.ts';
import { Unsupported } from './fault.ts';
import type { CedarSchema } from './schema.ts';

type Uid = { readonly type: string; readonly id: string };

const uidOf = (given: { __entity: Uid } | Uid): Uid => ('__entity' in given ? given.__entity : given);
const literal = (given: { __entity: Uid } | Uid): Expr => ({ Value: { __entity: { ...uidOf(given) } } });

/**
 * What must hold for a rule to apply, in the order in which Cedar looks at it: the scope of principal and resource, then
 * each part of the conditions. The action's constraint is left out: rules are sorted by action beforehand.
 */
export function conjunctsOf(json: PolicyJson): readonly Expr[] {
  return [
    ...scopeConjuncts('principal', json.principal),
    ...scopeConjuncts('resource', json.resource),
    ...json.conditions.flatMap(({ kind, body }) => (kind === 'when' ? flatten(body) : [{ '!': { arg: body } }])),
  ];
}

function flatten(expr: Expr): Expr[] {
  if (!('&&' in expr)) return [expr];
  const { left, right } = expr['&&'] as { left: Expr; right: Expr };
  return [...flatten(left), ...flatten(right)];
}

function scopeConjuncts(name: 'principal' | 'resource', constraint: PrincipalConstraint | ResourceConstraint): Expr[] {
  const left: Expr = { Var: name };
  switch (constraint.op) {
    case 'All':
      return [];
    case '==':
    case 'in':
      if (!('entity' in constraint)) throw new Unsupported('a template');
      return [{ [constraint.op]: { left, right: literal(constraint.entity) } } as Expr];
    case 'is': {
      const within = constraint.in;
      if (within !== undefined && !('entity' in within)) throw new Unsupported('a template');
      return [{ is: { left, entity_type: constraint.entity_type, ...(within && { in: literal(within.entity) }) } }];
    }
  }
}

/** The ids of the actions that a rule's scope covers. */
export function actionsCovered(constraint: ActionConstraint, schema: CedarSchema): readonly string[] {
  const all = [...schema.actions.keys()];
  if (constraint.op === 'All') return all;
  const uids =
    'entities' in constraint ? constraint.entities.map(uidOf) : [uidOf((constraint as { entity: Uid }).entity)];
  const ids = new Set(uids.filter(({ type }) => type === 'Action').map(({ id }) => id));
  if (constraint.op === '==') return all.filter((id) => ids.has(id));
  return all.filter((id) => ids.has(id) || [...schema.actions.get(id)!.ancestors].some((group) => ids.has(group)));
}

/**
 * Makes tests of conjuncts: all of them, in order, stopping at the first that does not hold. Rules that say the same share
 * one test, so that many rules stay in the processor's caches.
 */
export function conjunctCompiler(): (conjuncts: readonly Expr[]) => Test {
  const evaluateByText = new Map<string, Evaluate>();
  const testByText = new Map<string, Test>();
  const evaluateOf = (conjunct: Expr): Evaluate => {
    const text = JSON.stringify(conjunct);
    const known = evaluateByText.get(text) ?? compileExpression(conjunct);
    evaluateByText.set(text, known);
    return known;
  };
  return (conjuncts) => {
    const text = JSON.stringify(conjuncts);
    const known = testByText.get(text) ?? testOf(conjuncts.map(evaluateOf));
    testByText.set(text, known);
    return known;
  };
}

function testOf(conjuncts: readonly Evaluate[]): Test {
  const [first, second] = conjuncts;
  if (first === undefined) return () => true;
  if (second === undefined) return (request) => asBoolean(first(request));
  return (request) => {
    for (const conjunct of conjuncts) if (!asBoolean(conjunct(request))) return false;
    return true;
  };
}
