import type { OVERSIGHT_ALARMS, StampingRules } from '@portreeve/contract';
import type { MeasuredDecision } from './figures.ts';

/** One way in which deciding looks like stamping, with the rule and the numbers that it was told of. */
export interface Alarm {
  readonly alarm: (typeof OVERSIGHT_ALARMS)[number];
  readonly rule: string;
  readonly counted: number;
  readonly of: number;
}

const BATCH_MS = 60_000;

/**
 * What looks like stamping. A team's large batch is that of one of its people: what several decide in a minute is no batch.
 * A confirmation is of one's own request, and is left out.
 */
export function alarmsOf(all: readonly MeasuredDecision[], rules: StampingRules): Alarm[] {
  const decisions = all.filter(({ verdict }) => verdict !== 'confirm');
  const of = decisions.length;
  const alarms: Alarm[] = [];
  if (of >= rules.verdicts_min) {
    const fast = decisions.filter(
      ({ in_view_ms, to_verdict_ms }) => (in_view_ms ?? to_verdict_ms) < rules.fast_s * 1000,
    );
    if (fast.length * 100 >= rules.fast_percent * of)
      alarms.push({
        alarm: 'fast',
        rule: `${rules.fast_percent}% or more of at least ${rules.verdicts_min} verdicts in less than ${rules.fast_s} s`,
        counted: fast.length,
        of,
      });
    const yes = decisions.filter(({ verdict }) => verdict === 'approve').length;
    if (yes * 100 >= rules.yes_percent * of)
      alarms.push({
        alarm: 'always_yes',
        rule: `${rules.yes_percent}% or more of at least ${rules.verdicts_min} verdicts are approvals`,
        counted: yes,
        of,
      });
  }
  const batch = largestBatch(decisions);
  if (batch >= rules.batch_size)
    alarms.push({
      alarm: 'large_batch',
      rule: `${rules.batch_size} or more by one person in a minute`,
      counted: batch,
      of,
    });
  return alarms;
}

/** The most that one person decided within a minute. */
function largestBatch(decisions: readonly MeasuredDecision[]): number {
  let most = 0;
  for (const theirs of Map.groupBy(decisions, ({ reviewer }) => reviewer).values()) {
    const times = theirs.map(({ at }) => Date.parse(at)).sort((one, other) => one - other);
    let first = 0;
    for (const [index, time] of times.entries()) {
      while (time - times[first]! >= BATCH_MS) first++;
      most = Math.max(most, index - first + 1);
    }
  }
  return most;
}
