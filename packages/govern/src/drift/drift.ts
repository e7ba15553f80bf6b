import { firstShift, type Shift } from './compare.ts';
import { type Change, METRICS, type Metric, type Observation } from './observe.ts';

/** One thing that is watched, from one change to the next. */
export interface Comparison {
  readonly metric: Metric;
  readonly step: string | null;
  /** `change`: what came after a change with what was before it. `time`: what came later with how it began. */
  readonly by: 'change' | 'time';
  readonly reference_count: number;
  readonly recent_count: number;
  readonly shift: Shift | null;
}

/** What lies between two changes. */
export interface Stretch {
  /** What it began with; null for the first. More than one where nothing was observed between them. */
  readonly began_with: readonly Change[];
  readonly comparisons: readonly Comparison[];
}

export interface DriftAlarm extends Comparison {
  readonly shift: Shift;
  /** The change that is nearest before it; null where nothing has changed in all that was looked at. */
  readonly nearest: Change | null;
}

export interface DriftReport {
  readonly stretches: readonly Stretch[];
  readonly alarms: readonly DriftAlarm[];
}

/** The chance of any false alarm in one stretch, however long it lasts. */
export const FALSE_ALARMS = 0.01;
/** What is compared with: the newest so many before a change, or the first so many of a stretch. */
const REFERENCE_MAX = 400;
const BEGINNING = 200;
/** Fewer say nothing. */
const REFERENCE_MIN = 50;
/** Whoever answers questions names the model: a new name with every answer must not cost more than this. */
const STRETCHES_MAX = 50;

/**
 * Compares before and after each change, and over time between changes (requirement H6). A pure function of the records:
 * whoever has the log gets the same alarms. `steps` is how many prompts the workflow declares; it says how many series
 * there may be, which the promise about false alarms is divided by.
 */
export function driftOf(
  observations: readonly Observation[],
  changes: readonly Change[],
  { steps, false_alarms = FALSE_ALARMS }: { steps: number; false_alarms?: number },
): DriftReport {
  const all = Object.values(METRICS);
  const series =
    all.filter(({ of }) => of === 'workflow').length + steps * all.filter(({ of }) => of === 'step').length;
  const alpha = false_alarms / (2 * series);
  const groups = Map.groupBy(observations, ({ metric, step }) => JSON.stringify([metric, step]));
  const stretches = stretchesOf(observations, changes).map(({ began_with, from, to }): Stretch => {
    const comparisons = [...groups.values()].flatMap((group): Comparison[] => {
      const { metric, step } = group[0]!;
      const [first, behind] = [placeOf(group, from), placeOf(group, to)];
      const before = group.slice(Math.max(0, first - REFERENCE_MAX), first);
      const during = group.slice(first, behind);
      const [beginning, later] = [during.slice(0, BEGINNING), during.slice(BEGINNING)];
      const compare = (by: Comparison['by'], reference: readonly Observation[], recent: readonly Observation[]) => ({
        ...{ metric, step, by, reference_count: reference.length, recent_count: recent.length },
        shift: firstShift(metric, reference, recent, alpha),
      });
      return [
        ...(began_with.length > 0 && before.length >= REFERENCE_MIN ? [compare('change', before, during)] : []),
        ...(later.length > 0 ? [compare('time', beginning, later)] : []),
      ];
    });
    return { began_with, comparisons };
  });
  const alarms = stretches
    .flatMap(({ comparisons }) => comparisons)
    .flatMap((each) => (each.shift ? [{ ...each, shift: each.shift, nearest: nearest(changes, each.shift) }] : []))
    .sort((a, b) => a.shift.at.index - b.shift.at.index);
  return { stretches, alarms };
}

function nearest(changes: readonly Change[], { at }: Shift): Change | null {
  return changes[placeOf(changes, at.index + 1) - 1] ?? null;
}

/** Changes between which nothing was observed begin one stretch together, and so do all that are too old to look at. */
function stretchesOf(observations: readonly Observation[], changes: readonly Change[]) {
  const stretches: { began_with: Change[]; from: number; to: number }[] = [
    { began_with: [], from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
  ];
  for (const change of changes.slice(-STRETCHES_MAX)) {
    const last = stretches.at(-1)!;
    const between = placeOf(observations, last.from) < placeOf(observations, change.index);
    if (!between && last.began_with.length > 0) {
      last.began_with.push(change);
      continue;
    }
    last.to = change.index;
    stretches.push({ began_with: [change], from: change.index, to: Number.POSITIVE_INFINITY });
  }
  return stretches;
}

/** Where the first of these stands that is at this record or behind it; they are in the order of the log. */
function placeOf(sorted: readonly { readonly index: number }[], index: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
