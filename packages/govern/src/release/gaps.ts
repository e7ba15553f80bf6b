import {
  type Digest,
  type FieldError,
  missedBy,
  REPORT_KINDS,
  type ReportKind,
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

export interface GapOptions {
  readonly now: Date;
  readonly hours_max: number;
  /** What is in force, touches the workflow, and was changed without its owners: reports from before say nothing of it. */
  readonly unreviewed: readonly Pick<StoredChange, 'change' | 'subject' | 'opened_at'>[];
}

/** What a release lacks for going on towards production (requirements H1, H4); empty: nothing. */
export function gapsOf(
  contract: Pick<WorkflowContract, 'tier' | 'thresholds'>,
  evidence: readonly StoredEvidence[],
  { now, hours_max, unreviewed }: GapOptions,
): FieldError[] {
  const newest = newestEvidence(evidence);
  const thresholds = thresholdsOf(contract);
  return REPORT_KINDS.flatMap((kind): FieldError[] => {
    const path = `evidence.${kind}`;
    const found = newest.get(kind);
    if (!found) return [{ path, message: `there is no report on ${NAMES[kind]}` }];
    const failed = found.ok ? [] : [{ path, message: `${NAMES[kind]} did not pass (${found.evidence})` }];
    const hours = Math.floor((now.getTime() - Date.parse(found.ended)) / HOUR_MS);
    const stale =
      hours >= hours_max ? [{ path, message: `the report is ${hours} hours old: ${hours_max} are the most` }] : [];
    const missed = missedBy(thresholds, found).map(({ threshold, bound, value }) => ({
      path: `thresholds.${threshold}`,
      message: `${value === null ? 'the report does not say it' : `it is ${value}`}; the bound is ${bound}`,
    }));
    const before = unreviewed
      .filter(({ opened_at }) => Date.parse(found.started) < Date.parse(opened_at))
      .map(({ change, subject, opened_at }) => ({
        path: `changes.${change}`,
        message: `${NAMES[kind]} began before ${subject} was changed (${opened_at}): run ${kind === 'tests' ? 'them' : 'it'} again`,
      }));
    return [...failed, ...stale, ...before, ...missed];
  });
}

/** The digests of the reports that a promotion would rest on now, in order. */
export function evidenceDigests(evidence: readonly StoredEvidence[]): Digest[] {
  return [...newestEvidence(evidence).values()].map((each) => each.evidence).sort();
}
