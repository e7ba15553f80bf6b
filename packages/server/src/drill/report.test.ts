import { describe, expect, test } from 'vitest';
import type { DrillCounts, WorkflowCounts } from './counts.ts';
import { judgeDrill } from './report.ts';

const counts = (given: Partial<WorkflowCounts>): WorkflowCounts => ({
  ...{ submitted: 12, ended: 12, completed: 12, handed_off: 0, waiting: 0, degraded: 0, queue: 0, ...given },
});
const before: DrillCounts = {
  byWorkflow: {
    'answer-faq': counts({ completed: 2 }),
    'sort-ticket': counts({ completed: 2 }),
    'review-claim': counts({ completed: 2 }),
    'check-payment': counts({ completed: 2 }),
  },
  records: {},
};
const after: DrillCounts = {
  byWorkflow: {
    'answer-faq': counts({}),
    'sort-ticket': counts({ degraded: 10 }),
    'review-claim': counts({}),
    'check-payment': counts({ completed: 2, handed_off: 10, queue: 10 }),
  },
  records: { 'endpoint.refused': 30 },
};
const during: DrillCounts = {
  ...after,
  byWorkflow: { ...after.byWorkflow, 'review-claim': counts({ ended: 2, completed: 2, waiting: 10 }) },
};
const resilience = {
  ...{ breaker_failures: 5, breaker_half_open_after_ms: 1000 },
  ...{ ramp_first_per_s: 2, ramp_doubles_after_ms: 1000, ramp_ms: 3000 },
};
/** Ten attempts after the return: so many in each second. */
const attemptsOf = (...perSecond: number[]) =>
  perSecond.flatMap((count, second) =>
    Array.from({ length: count }, (_, n) => ({ at: 8000 + second * 1000 + n, cut: false })),
  );
const found = {
  ...{ tasks: 10, before, during, after, cut_at: 0, back_at: 8000, pids: [1, 2], resilience },
  attempts: [{ at: 100, cut: true }, ...attemptsOf(3, 4, 3)],
};
const failed = (report: ReturnType<typeof judgeDrill>) => report.checks.filter(({ ok }) => !ok).map(({ name }) => name);

describe('E6: what a drill finds', () => {
  test('is passed where all is as declared', () => {
    const report = judgeDrill(found);
    expect(failed(report)).toEqual([]);
    expect(report).toMatchObject({
      ...{ ok: true, outage_ms: 8000 },
      attempts: { during: 1, per_second_after: [3, 4, 3], allowed_per_second: [4, 6, 10], first_answer_after_ms: 0 },
    });
  });

  const broken = (workflow: keyof DrillCounts['byWorkflow'], change: Partial<WorkflowCounts>) => ({
    ...after,
    byWorkflow: { ...after.byWorkflow, [workflow]: { ...after.byWorkflow[workflow], ...change } },
  });
  test.each<[string, Partial<typeof found>, string[]]>([
    [
      'a run without an end',
      { after: broken('review-claim', { completed: 11 }) },
      ['nothing is lost', 'high risk waits, and completes afterwards'],
    ],
    [
      'a task that never became a run',
      { after: broken('answer-faq', { submitted: 11, completed: 11 }) },
      ['nothing is lost', 'public data goes to the fallback'],
    ],
    [
      'a low risk that a model answered',
      { after: broken('sort-ticket', { degraded: 9 }) },
      ['low risk is degraded as declared'],
    ],
    [
      'a fallback that policy was not asked about',
      { after: { ...after, records: { 'endpoint.refused': 0 } } },
      ['internal data does not'],
    ],
    [
      'a payment that nobody was given',
      { after: broken('check-payment', { queue: 9 }) },
      ['critical work is a person’s at once'],
    ],
    ['all that waited at once', { attempts: attemptsOf(10) }, ['no stampede']],
    [
      'every task finding out by itself',
      { attempts: [...Array.from({ length: 60 }, (_, at) => ({ at, cut: true })), ...attemptsOf(3, 4, 3)] },
      ['the outage is discovered once, and not by every task'],
    ],
  ])('is not passed with %s', (_, change, names) => {
    const report = judgeDrill({ ...found, ...change });
    expect(failed(report)).toEqual(names);
    expect(report.ok).toBe(false);
  });
});
