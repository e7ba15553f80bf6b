import type { Expr } from '@cedar-policy/cedar-wasm/nodejs';
import { CONSTRUCTORS } from './extensions.ts';
import { TOTAL_METHODS } from './methods.ts';
import type { CedarSchema, SchemaAttribute, SchemaType } from './schema.ts';

/** One action's view: which types its principal and resource have, and its context. */
export interface ActionView {
  readonly schema: CedarSchema;
  readonly principals: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  readonly context: ReadonlyMap<string, SchemaAttribute>;
}

const TOTAL_BINARY = new Set([
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  'in',
  'contains',
  'containsAll',
  'containsAny',
]);

/**
 * Whether an expression of a validated rule gives a value for every complete request of this action, and never an error.
 * Says no where it does not know. Arithmetic may overflow, an optional attribute may be absent.
 */
export function isTotal(expr: Expr, view: ActionView): boolean {
  const [operator, operands] = Object.entries(expr)[0] as [string, never];
  if (operator === 'Value' || operator === 'Var') return true;
  if (TOTAL_BINARY.has(operator)) {
    const { left, right } = operands as { left: Expr; right: Expr };
    return isTotal(left, view) && isTotal(right, view);
  }
  if (operator === '!' || operator === 'isEmpty') return isTotal((operands as { arg: Expr }).arg, view);
  if (operator === 'has' || operator === 'like' || operator === 'is') {
    const { left, in: within } = operands as { left: Expr; in?: Expr };
    return isTotal(left, view) && (within === undefined || isTotal(within, view));
  }
  if (operator === 'Set') return (operands as Expr[]).every((item) => isTotal(item, view));
  if (operator === '.') return pathType(expr, view) !== null;
  if (Object.hasOwn(CONSTRUCTORS, operator)) return isLiteralOf(operator, operands as Expr[]);
  if (TOTAL_METHODS.has(operator)) return (operands as Expr[]).every((item) => isTotal(item, view));
  return false;
}

/** The type of a variable or of a chain of required attributes from one; `null` where it is neither. */
export function pathType(expr: Expr, view: ActionView): SchemaType | null {
  if ('Var' in expr) {
    if (expr.Var === 'context') return { kind: 'Record', attributes: view.context };
    const types = expr.Var === 'principal' ? view.principals : view.resources;
    const [name, ...others] = types;
    return expr.Var === 'action' || name === undefined || others.length > 0 ? null : { kind: 'Entity', name };
  }
  if (!('.' in expr)) return null;
  const { left, attr } = expr['.'] as { left: Expr; attr: string };
  const holder = pathType(left, view);
  const attributes =
    holder?.kind === 'Record'
      ? holder.attributes
      : holder?.kind === 'Entity'
        ? view.schema.entities.get(holder.name)?.attributes
        : undefined;
  const attribute = attributes?.get(attr);
  return attribute?.required === true ? attribute.type : null;
}

/** Whether `decimal("1.0")` and its like name a value. */
function isLiteralOf(maker: string, operands: readonly Expr[]): boolean {
  const text = (operands[0] as { Value?: unknown } | undefined)?.Value;
  try {
    return typeof text === 'string' && CONSTRUCTORS[maker]!(text) !== undefined;
  } catch {
    return false;
  }
}
