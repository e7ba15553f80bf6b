import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

/** Names on the way from `context` to something, such as `['args', 'amount']`. */
export type ContextPath = readonly string[];

/**
 * Everything under `context` that a rule's conditions name. Conservative: `context` that is used as a whole is the empty
 * path, and looks at everything; whether a member is there (`has`) counts as looking at it.
 */
export function contextPathsOf(json: PolicyJson): ContextPath[] {
  const found: ContextPath[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const path = pathOf(node);
    if (path !== null) found.push(path);
    else for (const inner of Object.values(node)) walk(inner);
  };
  walk(json.conditions);
  return found;
}

interface Access {
  readonly left: unknown;
  readonly attr: string | readonly string[];
}

/** The path that an expression is, or `null` where it is no path under `context`. */
function pathOf(node: unknown): ContextPath | null {
  if (typeof node !== 'object' || node === null) return null;
  const { Var, '.': member, has } = node as { Var?: unknown; '.'?: Access; has?: Access };
  if (Var === 'context') return [];
  const access = member ?? has;
  if (access === undefined) return null;
  const left = pathOf(access.left);
  return left && [...left, ...(typeof access.attr === 'string' ? [access.attr] : access.attr)];
}

/** Whether looking at one place can show anything of the other: one lies within the other. */
export function overlaps(a: ContextPath, b: ContextPath): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((name, index) => name === b[index]);
}
