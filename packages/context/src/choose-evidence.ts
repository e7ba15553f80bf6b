import type { Evidence, JsonObject } from '@portreeve/contract';

/** Fields with at most this many different values tell shapes apart; others only tell items apart. */
const LOW_CARDINALITY = 16;
/** A prompt holds no more pieces than this, however small they are. */
const PIECES_MAX = 10_000;

/**
 * Which evidence fits into a budget of tokens. All of it, in its order, if it fits. Otherwise **rare shapes first**: items
 * are grouped by the input that they came with, their source, and their shape (which fields they have, and the values of
 * those that take few different values), and one item of each group is taken in turn, rarest group first, earliest item
 * first, until nothing more fits. So neither a flood of one kind of event nor one long document can push out the single
 * item that matters, and of a document its beginning stays. What is chosen keeps the order it came in.
 */
export function chooseEvidence(
  evidence: readonly Evidence[],
  budget: number,
  cost: (evidence: Evidence) => number,
  inputOf: (evidence: Evidence) => string = () => '',
): { readonly chosen: readonly Evidence[]; readonly leftOut: number } {
  const costs = evidence.map(cost);
  const total = costs.reduce((sum, each) => sum + each, 0);
  if (total <= budget && evidence.length <= PIECES_MAX) return { chosen: evidence, leftOut: 0 };

  const groups = groupByShape(evidence, inputOf);
  const taken = new Set<number>();
  let left = budget;
  for (let round = 0; groups.some((group) => round < group.length); round++) {
    for (const group of groups) {
      const index = group[round];
      if (index === undefined || costs[index]! > left || taken.size === PIECES_MAX) continue;
      taken.add(index);
      left -= costs[index]!;
    }
  }
  return { chosen: evidence.filter((_, index) => taken.has(index)), leftOut: evidence.length - taken.size };
}

/** Indexes of the items of each shape; fewest items first, then by first appearance. */
function groupByShape(evidence: readonly Evidence[], inputOf: (evidence: Evidence) => string): number[][] {
  const valuesByField = new Map<string, Set<string>>();
  for (const { fields } of evidence) {
    for (const [name, value] of Object.entries(fields)) {
      const values = valuesByField.get(name) ?? new Set();
      if (values.size <= LOW_CARDINALITY) values.add(JSON.stringify(value));
      valuesByField.set(name, values);
    }
  }
  const telling = new Set([...valuesByField].filter(([, { size }]) => size <= LOW_CARDINALITY).map(([name]) => name));
  const groups = new Map<string, number[]>();
  for (const [index, item] of evidence.entries()) {
    const shape = `${inputOf(item)} ${item.source} ${shapeOf(item.fields, telling)}`;
    const group = groups.get(shape);
    if (group) group.push(index);
    else groups.set(shape, [index]);
  }
  return [...groups.values()].sort((a, b) => a.length - b.length || a[0]! - b[0]!);
}

function shapeOf(fields: JsonObject, telling: ReadonlySet<string>): string {
  return JSON.stringify(
    Object.keys(fields)
      .sort()
      .map((name) => (telling.has(name) ? [name, fields[name]!] : [name])),
  );
}
