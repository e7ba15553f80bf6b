import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';
import {
  type HistoryKind,
  type PolicyRequest,
  type ToolContract,
  visibleHistory,
  type WorkflowContract,
} from '@portreeve/contract';

/** The history facts that decisions on a tool know, by the tool's name. */
export type HistoryByTool = ReadonlyMap<string, Readonly<Record<string, HistoryKind>>>;

/** What each tool's rules may look at, from the declarations of the workflows. */
export function historyByTool(
  workflows: readonly { readonly contract: WorkflowContract; readonly tools: readonly ToolContract[] }[],
): HistoryByTool {
  const byTool = new Map<string, Record<string, HistoryKind>>();
  for (const { contract, tools } of workflows)
    for (const tool of tools) {
      const visible = Object.entries(visibleHistory(contract.history, tool));
      if (visible.length > 0)
        byTool.set(tool.name, Object.fromEntries(visible.map(([name, { kind }]) => [name, kind])));
    }
  return byTool;
}

type History = Extract<PolicyRequest, { kind: 'act' }>['history'];

/** How history looks to rules: numbers are Long, people are sets of principals. No attribute is optional. */
export function historyShape(kinds: Readonly<Record<string, HistoryKind>> | undefined): {
  readonly type: string;
  readonly unused: History;
  readonly convert: (history: History) => Record<string, CedarValueJson>;
} | null {
  if (kinds === undefined) return null;
  const facts = Object.entries(kinds).sort(([a], [b]) => (a < b ? -1 : 1));
  const types = facts.map(([name, kind]) => `${JSON.stringify(name)}: ${isNumber(kind) ? 'Long' : 'Set<Principal>'}`);
  return {
    type: `{ ${types.join(', ')} }`,
    unused: Object.fromEntries(facts.map(([name, kind]) => [name, isNumber(kind) ? 0 : []])),
    // INVARIANT: a fact that is not told is an error, and so a refusal; it never counts as nought (requirement C4).
    convert: (history) =>
      Object.fromEntries(
        facts.map(([name, kind]) => {
          const value = history !== undefined && Object.hasOwn(history, name) ? history[name] : undefined;
          if (isNumber(kind) && typeof value === 'number' && Number.isSafeInteger(value)) return [name, value];
          if (!isNumber(kind) && Array.isArray(value))
            return [name, [...new Set(value)].map((id) => ({ __entity: { type: 'Principal', id } }))];
          throw new TypeError(`history/${name} is not told`);
        }),
      ),
  };
}

const isNumber = (kind: HistoryKind): boolean => kind === 'count' || kind === 'sum';
