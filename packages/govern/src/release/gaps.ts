import {
  type Digest,
  type FieldError,
  type Missed,
  missedBy,
  REPORT_KINDS,
  type ReportKind,
  stricterReported,
  type Thresholds,
  thresholdsOf,
  type WorkflowContract,
} from '@portreeve/contract';
import type { StoredChange } from '../change/ports.ts';
import type { StoredEvidence } from './ports.ts';

const HOUR_MS = 3_600_000;
const NAMES: Readonly<Record<ReportKind, string>> = { tests: 'its tests', 'red-team': 'its red team' };

/** The newest report of each kind: an older one that was green does not stand against a newer one that is not. */
export function newestEvidence(evidence: readonly StoredEvidence[]): ReadonlyMap<ReportKind, StoredEvidence> {
  const newest = new Map<ReportKind, StoredEvidence>();
  for (const each of evidence) {
    const before = newest.get(each.kind);
    if (!before || Date.parse(each.ended) > Date.parse(before.ended)) newest.set(each.kind, each);
  }
  return newest;
}

/** What the thresholds of a release are taken from. */
type Judging = Pick<WorkflowContract, 'tier' | 'thresholds'>;

export interface GapOptions {
  readonly now: Date;
  readonly hours_max: number;
  /** What is in force, touches the workflow, and was changed without its owners: reports from before say nothing of it. */
  readonly unreviewed: readonly Pick<StoredChange, 'change' | 'subject' | 'opened_at'>[];
  /** What is in production; null: nothing. A release does not choose by which bounds it is let in. */
  readonly replaces: Judging | null;
}

/** What a release lacks for going on towards production (requirements H1, H4); empty: nothing. */
export function gapsOf(
  contract: Judging,
  evidence: readonly StoredEvidence[],
  { now, hours_max, unreviewed, replaces }: GapOptions,
): FieldError[] {
  const newest = newestEvidence(evidence);
  const own = thresholdsOf(contract);
  const thresholds = replaces === null ? own : stricterReported(own, thresholdsOf(replaces));
  return REPORT_KINDS.flatMap((kind): FieldError[] => {
    const path = `evidence.${kind}`;
    const found = newest.get(kind);
    if (!found) return [{ path, message: `there is no report on ${NAMES[kind]}` }];
    const empty =
      found.cases > 0 ? [] : [{ path, message: `the report on ${NAMES[kind]} has no case (${found.evidence})` }];
    const failed = found.ok ? [] : [{ path, message: `${NAMES[kind]} did not pass (${found.evidence})` }];
    const hours = Math.floor((now.getTime() - Date.parse(found.ended)) / HOUR_MS);
    const stale =
      hours >= hours_max ? [{ path, message: `the report is ${hours} hours old: ${hours_max} are the most` }] : [];
    const missed = missedBy(thresholds, found).map((each) => saidOfMissed(each, own));
    const before = unreviewed
      .filter(({ opened_at }) => Date.parse(found.started) < Date.parse(opened_at))
      .map(({ change, subject, opened_at }) => ({
        path: `changes.${change}`,
        message: `${NAMES[kind]} began before ${subject} was changed (${opened_at}): run ${kind === 'tests' ? 'them' : 'it'} again`,
      }));
    return [...empty, ...failed, ...stale, ...before, ...missed];
  });
}

function saidOfMissed({ threshold, bound, value }: Missed, own: Thresholds): FieldError {
  const figure = value === null ? 'the report does not say it' : `it is ${value}`;
  const whose =
    bound === Number(own[threshold])
      ? ''
      : `, that of the release in production, which is stricter than its own (${own[threshold]})`;
  return { path: `thresholds.${threshold}`, message: `${figure}; the bound is ${bound}${whose}` };
}

/** The digests of the reports that a promotion would rest on now, in order. */
export function evidenceDigests(evidence: readonly StoredEvidence[]): Digest[] {
  return [...newestEvidence(evidence).values()].map((each) => each.evidence).sort();
}
