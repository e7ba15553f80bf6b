import type { Readiness } from '@portreeve/govern';

/** What `portreeve check` looks at, in this order: each needs the ones before it. */
export const CHECKS = ['project', 'systems', 'policies', 'tiers', 'decisions', 'matrix'] as const;
export type CheckName = (typeof CHECKS)[number];

/** One thing that is wrong, where it stands, and what to do about it. */
export interface Fault {
  /** Relative to the project; `null` where it is about no file. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  /** `warning`: it is told and fails nothing. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
}

export interface Check {
  readonly name: CheckName;
  /** `skipped`: something before it must be mended first. */
  readonly state: 'ok' | 'failed' | 'skipped';
  /** What was looked at, in a few words. */
  readonly detail: string;
  readonly faults: readonly Fault[];
}

export interface CheckReport {
  readonly ok: boolean;
  readonly project: string;
  readonly checks: readonly Check[];
  /** What each workflow lacks before it goes live; none where a check before that failed. */
  readonly readiness: readonly Readiness[];
}
