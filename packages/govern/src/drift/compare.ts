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
  for (let look = 1; look * LOOK_EVERY <= recent.length; look++) {
    const seen = recent.slice(0, look * LOOK_EVERY);
    const spend = (alpha * 6) / (Math.PI ** 2 * look ** 2);
    const windows = seen.length > WINDOW ? [seen, seen.slice(-WINDOW)] : [seen];
    for (const window of windows) {
      const split = sharpest(metric, reference, window);
      if (split && split.p <= spend / 2 / split.tried)
        return {
          value: split.value,
          before_per_mille: share(split.before, reference.length),
          after_per_mille: share(split.after, window.length),
          after_count: seen.length,
          at: seen.at(-1)!,
        };
    }
  }
  return null;
}

/** The way of telling values apart by which two samples differ most, and how many ways there were. */
function sharpest(metric: Metric, reference: readonly Observation[], window: readonly Observation[]) {
  const values = [...new Set([...reference, ...window].map(({ value }) => value))];
  if (values.length < 2) return null;
  const ways: { value: string; is: (value: string | number) => boolean }[] = METRICS[metric].ordered
    ? values
        .map(Number)
        .sort((a, b) => a - b)
        .slice(1)
        .map((edge) => ({ value: `below ${edge}`, is: (value) => Number(value) < edge }))
    : values.map((kind) => ({ value: String(kind), is: (value) => value === kind }));
  const total = reference.length + window.length;
  const tables = ways.map(({ value, is }) => {
    const before = reference.filter((each) => is(each.value)).length;
    const after = window.filter((each) => is(each.value)).length;
    const p = exactTest({ hits: after, drawn: window.length, kind: before + after, total });
    return { value, before, after, p, tried: ways.length };
  });
  return tables.reduce((least, table) => (table.p < least.p ? table : least));
}

const share = (count: number, of: number): number => (of === 0 ? 0 : Math.round((1000 * count) / of));
