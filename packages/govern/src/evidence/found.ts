import type { EvidenceAnswer, RecordType } from '@portreeve/contract';
import type { Look, SeenRecord } from './look.ts';

/** What a fact found; its name is added where it is called by one. */
export type Found = Omit<EvidenceAnswer, 'fact'>;
/** One small question to the record. Total: it answers `gap`, in words, where no record shows anything. */
export type Fact = (look: Look) => Promise<Found>;

/** Records that one answer names as examples; those that speak against come first, and more of them. */
const EXAMPLES_MAX = 2;
const AGAINST_MAX = 12;

type Placed = Pick<SeenRecord, 'place' | 'time'>;

const newestFirst = (records: readonly Placed[]) =>
  [...records].sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? 1 : -1));
const places = (records: readonly Placed[], max: number) => [
  ...new Set(
    newestFirst(records)
      .slice(0, max)
      .map(({ place }) => place),
  ),
];

/** No record shows it. INVARIANT: who finds no record says so, and names none. */
export function gap(text: string): Found {
  return { state: 'gap', text, figures: {}, records: [] };
}

/** Records show it. Throws a `TypeError` without any: nothing is claimed that no record shows. */
export function shown(text: string, records: readonly Placed[], figures: Found['figures'] = {}): Found {
  if (records.length === 0) throw new TypeError('what is shown is shown by a record');
  const newest = newestFirst(records)[0]!;
  return {
    state: 'shown',
    text: `${text} The newest: ${newest.time}.`,
    figures,
    records: places(records, EXAMPLES_MAX),
  };
}

/** Records show that it is not so. */
export function contrary(text: string, against: readonly Placed[], figures: Found['figures'] = {}): Found {
  return { state: 'contrary', text, figures, records: places(against, AGAINST_MAX) };
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** How a fact is judged that should hold of each of some records. */
export interface Rule {
  /** Of how many it was looked at, and of how many it holds, such as `approvals`. */
  readonly what: string;
  /** Such as `were decided by somebody else than who asked`. */
  readonly holds: string;
  /** What is said where there is none. */
  readonly none: string;
}

/** Whether something holds of each: of none is a gap, of all is shown, and one exception is contrary. */
export function each<R extends Placed>(records: readonly R[], holds: (record: R) => boolean, rule: Rule): Found {
  if (records.length === 0) return gap(rule.none);
  const against = records.filter((record) => !holds(record));
  const figures = { looked_at: records.length, hold: records.length - against.length };
  const text = `${capital(rule.what)} that ${rule.holds}: ${figures.hold} of ${figures.looked_at}.`;
  return against.length === 0 ? shown(text, records, figures) : contrary(text, against, figures);
}

/** A fact that is shown by there being such records at all. */
export function seen<T extends RecordType>(
  type: T | readonly T[],
  words: { readonly what: string; readonly none: string },
  among: (record: SeenRecord<T>) => boolean = () => true,
): Fact {
  const types = typeof type === 'string' ? [type] : type;
  return async (look) => {
    const all = (await Promise.all(types.map((one) => look.records(one)))).flat() as SeenRecord<T>[];
    const found = all.filter(among);
    if (found.length === 0) return gap(words.none);
    return shown(`${capital(words.what)}: ${found.length}.`, found, { records: found.length });
  };
}
