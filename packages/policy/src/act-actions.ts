import type { ActionConstraint, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

const isUid = (uid: unknown): boolean => {
  const { type, id } = (uid ?? {}) as { type?: unknown; id?: unknown };
  return type === 'Action' && id === 'act';
};
const isAct = (node: unknown): boolean => isUid((node as { Value?: { __entity?: unknown } } | null)?.Value?.__entity);
const isVariable = (node: unknown): boolean => (node as { Var?: unknown } | null)?.Var === 'action';

/**
 * Where tools have actions of their own, `action == Action::"act"` would say "a use of a tool whose arguments are not
 * known", and a forbid written for every tool would silently hold for none of the others. So it is read as
 * `action in Action::"act"`, which is every use of a tool. `narrow`: the action stands somewhere else still, where it
 * cannot be read so.
 */
export function generaliseAct(json: PolicyJson): { json: PolicyJson; narrow: boolean } {
  let changed = false;
  let narrow = false;

  const walk = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return node.map(walk);
    const [operator, operands] = Object.entries(node)[0] ?? [];
    const { left, right } = (operands ?? {}) as { left?: unknown; right?: unknown };
    const compares = (isVariable(left) && isAct(right)) || (isAct(left) && isVariable(right));
    if ((operator === '==' || operator === '!=') && compares) {
      changed = true;
      const within = { in: { left: { Var: 'action' }, right: isAct(right) ? right : left } };
      return operator === '==' ? within : { '!': { arg: within } };
    }
    if (operator === 'in' && isVariable(left)) return node;
    if (isAct(node)) narrow = true;
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, walk(value)]));
  };

  const conditions = walk(json.conditions) as PolicyJson['conditions'];
  const scoped = 'entity' in json.action && json.action.op === '==' && isUid(json.action.entity);
  if (!changed && !scoped) return { json, narrow };
  const action: ActionConstraint = scoped ? ({ ...json.action, op: 'in' } as ActionConstraint) : json.action;
  return { json: { ...json, action, conditions }, narrow };
}
