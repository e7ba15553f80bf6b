import type { StampingRules } from '@portreeve/contract';
import { type Alarm, alarmsOf } from './alarms.ts';

export const MEASURED_VERDICTS = ['approve', 'deny', 'confirm', 'amend'] as const;
export type MeasuredVerdict = (typeof MEASURED_VERDICTS)[number];

/** One thing that a reviewer decided, as the record has it. */
export interface MeasuredDecision {
  /** The place of its record, by which anybody can check it offline. */
  readonly record: string;
  readonly reviewer: string;
  /** Through which groups. */
  readonly teams: readonly string[];
  /** What it was about: the tool. */
  readonly kind: string;
  readonly verdict: MeasuredVerdict;
  /** RFC 3339. */
  readonly at: string;
  /** From asking to deciding, in milliseconds. */
  readonly to_verdict_ms: number;
  /** How long the page was in view, as the browser says; null where it said nothing. */
  readonly in_view_ms: number | null;
}

export interface OversightFigures {
  readonly name: string;
  readonly verdicts: number;
  readonly approved: number;
  readonly denied: number;
  readonly confirmed: number;
  readonly amended: number;
  /** Of approvals, denials and amendments, in whole per cent; null where there is none. */
  readonly approved_percent: number | null;
  readonly to_verdict_p50_ms: number | null;
  readonly to_verdict_p90_ms: number | null;
  readonly in_view_p50_ms: number | null;
  /** Of how many the browser said how long the page was in view. */
  readonly in_view_known: number;
  readonly alarms: readonly Alarm[];
  /** The newest of the records that were counted. */
  readonly records: readonly string[];
}

const RECORDS_MAX = 200;

/** The figures by what each decision goes by; a decision may go by several names. By name, ascending. */
export function figuresBy(
  decisions: readonly MeasuredDecision[],
  names: (decision: MeasuredDecision) => readonly string[],
  rules: StampingRules,
): OversightFigures[] {
  const byName = new Map<string, MeasuredDecision[]>();
  for (const decision of decisions)
    for (const name of names(decision)) byName.set(name, [...(byName.get(name) ?? []), decision]);
  return [...byName]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, theirs]) => figuresOf(name, theirs, rules));
}

function figuresOf(name: string, decisions: readonly MeasuredDecision[], rules: StampingRules): OversightFigures {
  const count = (verdict: MeasuredVerdict) => decisions.filter((each) => each.verdict === verdict).length;
  const decided = decisions.length - count('confirm');
  const seen = decisions.flatMap(({ in_view_ms }) => (in_view_ms === null ? [] : [in_view_ms]));
  const times = decisions.map(({ to_verdict_ms }) => to_verdict_ms);
  return {
    name,
    verdicts: decisions.length,
    approved: count('approve'),
    denied: count('deny'),
    confirmed: count('confirm'),
    amended: count('amend'),
    approved_percent: decided === 0 ? null : Math.floor((100 * count('approve')) / decided),
    to_verdict_p50_ms: percentile(times, 50),
    to_verdict_p90_ms: percentile(times, 90),
    in_view_p50_ms: percentile(seen, 50),
    in_view_known: seen.length,
    alarms: alarmsOf(decisions, rules),
    records: decisions
      .toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at))
      .map(({ record }) => record)
      .slice(0, RECORDS_MAX),
  };
}

/** The nearest-rank percentile; null of nothing. */
export function percentile(values: readonly number[], percent: number): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? null;
}
