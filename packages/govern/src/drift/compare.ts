import { exactTest } from './exact-test.ts';
import { METRICS, type Metric, type Observation } from './observe.ts';

/** A shift that chance does not explain. Shares are in per mille. */
export interface Shift {
  /** The kind of value whose share moved; of an ordered metric `below N`, by its classes. */
  readonly value: string;
  readonly before_per_mille: number;
  readonly after_per_mille: number;
  /** How many observations it took since the comparison began. */
  readonly after_count: number;
  /** The observation at which it was told. */
  readonly at: Observation;
}

/** A look is taken whenever so many observations have come. */
export const LOOK_EVERY = 10;
/** Besides all that has come, the newest of it: a late shift is not drowned by what was before it. */
const WINDOW = 60;

/**
 * Compares what comes with a reference, look by look, until a shift is found. The chance that this ever tells of a shift
 * where there is none is at most `alpha`, however long it goes on: look k may spend 6/(pi^2 k^2) of it, the two windows
 * half of that each, and the kinds of values equal parts. It rests on nothing but that all orders are equally likely where
 * nothing has changed.
 */
export function firstShift(
  metric: Metric,
  reference: readonly Observation[],
  recent: readonly Observation[],
  alpha: number,
): Shift | null {
  const before = new Tally(reference);
  const all = new Tally([]);
  const newest = new Tally([]);
  for (const [index, at] of recent.entries()) {
    const count = index + 1;
    all.add(at);
    newest.add(at);
    const left = recent[index - WINDOW];
    if (left) newest.remove(left);
    if (count % LOOK_EVERY !== 0) continue;
    const look = count / LOOK_EVERY;
    const spend = (alpha * 6) / (Math.PI ** 2 * look ** 2);
    for (const window of count > WINDOW ? [all, newest] : [all]) {
      const split = sharpest(metric, before, window);
      if (split && split.p <= spend / 2 / split.tried)
        return {
          value: split.value,
          before_per_mille: share(split.before, before.total),
          after_per_mille: share(split.after, window.total),
          after_count: count,
          at,
        };
    }
  }
  return null;
}

/** How often each value was seen: kept while observations come, because a look counts nothing anew. */
class Tally {
  readonly counts = new Map<Observation['value'], number>();
  total = 0;

  constructor(observations: readonly Observation[]) {
    for (const each of observations) this.add(each);
  }

  add({ value }: Observation): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
    this.total++;
  }

  remove({ value }: Observation): void {
    const left = (this.counts.get(value) ?? 0) - 1;
    if (left > 0) this.counts.set(value, left);
    else this.counts.delete(value);
    this.total--;
  }
}

interface Way {
  readonly value: string;
  readonly before: number;
  readonly after: number;
}

/** The way of telling values apart by which two samples differ most, and how many ways there were. */
function sharpest(metric: Metric, before: Tally, after: Tally): (Way & { p: number; tried: number }) | null {
  const values = [...new Set([...before.counts.keys(), ...after.counts.keys()])];
  if (values.length < 2) return null;
  const ways = METRICS[metric].ordered
    ? belowEach(values.map(Number), before, after)
    : values.map((value): Way => {
        return { value: String(value), before: before.counts.get(value) ?? 0, after: after.counts.get(value) ?? 0 };
      });
  const total = before.total + after.total;
  const tables = ways.map((way) => {
    const p = exactTest({ hits: way.after, drawn: after.total, kind: way.before + way.after, total });
    return { ...way, p, tried: ways.length };
  });
  return tables.reduce((least, table) => (table.p < least.p ? table : least));
}

function belowEach(values: readonly number[], before: Tally, after: Tally): Way[] {
  const sorted = values.toSorted((a, b) => a - b);
  let [belowBefore, belowAfter] = [0, 0];
  return sorted.slice(1).map((edge, index) => {
    const under = sorted[index]!;
    belowBefore += before.counts.get(under) ?? 0;
    belowAfter += after.counts.get(under) ?? 0;
    return { value: `below ${edge}`, before: belowBefore, after: belowAfter };
  });
}

const share = (count: number, of: number): number => (of === 0 ? 0 : Math.round((1000 * count) / of));
