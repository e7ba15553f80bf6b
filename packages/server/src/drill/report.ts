import type { DrillCounts, WorkflowCounts } from './counts.ts';
import { DRILL_WORKFLOWS } from './vendor-outage.ts';

export interface DrillCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What a drill has found. */
export interface OutageReport {
  readonly drill: 'vendor-outage';
  readonly ok: boolean;
  readonly pids: readonly number[];
  readonly outage_ms: number;
  readonly workflows: readonly {
    readonly name: string;
    readonly tier: string;
    /** What it declares for an outage. */
    readonly declares: string;
    readonly during: WorkflowCounts;
    readonly after: WorkflowCounts;
  }[];
  readonly attempts: {
    /** That the vendor got while it was cut off. */
    readonly during: number;
    /** In each second from the first answer on, and how many the ramp allows. */
    readonly per_second_after: readonly number[];
    readonly allowed_per_second: readonly number[];
    /** Milliseconds from the vendor's return to its first answer, and until nothing waits any more. */
    readonly first_answer_after_ms: number | null;
  };
  readonly checks: readonly DrillCheck[];
}

interface Found {
  readonly tasks: number;
  readonly before: DrillCounts;
  readonly during: DrillCounts;
  readonly after: DrillCounts;
  readonly cut_at: number;
  readonly back_at: number;
  readonly attempts: readonly { readonly at: number; readonly cut: boolean }[];
  readonly pids: readonly number[];
  readonly resilience: {
    readonly breaker_failures: number;
    readonly breaker_half_open_after_ms: number;
    readonly ramp_first_per_s: number;
    readonly ramp_doubles_after_ms: number;
    readonly ramp_ms: number;
  };
}

/** Attempts that were under way in the processes when the circuit opened, and probes besides those of a fixed rhythm. */
const UNDER_WAY_MAX = 64;

/** Judges what a drill has found. */
export function judgeDrill(found: Found): OutageReport {
  const { tasks, during, after, cut_at, back_at, attempts, resilience, pids } = found;
  const cut = attempts.filter((attempt) => attempt.cut).length;
  const answered = attempts.filter((attempt) => !attempt.cut && attempt.at >= back_at).map(({ at }) => at);
  const first = answered[0] ?? null;
  const seconds = Math.ceil(resilience.ramp_ms / 1000);
  const per_second_after = Array.from({ length: seconds }, (_, second) =>
    first === null ? 0 : answered.filter((at) => Math.floor((at - first) / 1000) === second).length,
  );
  const allowed_per_second = per_second_after.map((_, second) => {
    const doublings = Math.floor((second * 1000) / resilience.ramp_doubles_after_ms);
    // The probe itself, and the one at the edge of two seconds.
    return resilience.ramp_first_per_s * 2 ** doublings + 2;
  });
  const outage_ms = back_at - cut_at;
  const probes = Math.ceil(outage_ms / resilience.breaker_half_open_after_ms);
  const all = tasks + 2;
  const {
    'answer-faq': faq,
    'sort-ticket': ticket,
    'review-claim': claim,
    'check-payment': payment,
  } = after.byWorkflow;
  const waited = during.byWorkflow['review-claim'].waiting;
  const lost = DRILL_WORKFLOWS.reduce((sum, { name }) => {
    const { submitted, completed, handed_off } = after.byWorkflow[name];
    return sum + Math.max(all, submitted) - completed - handed_off;
  }, 0);
  const checks: DrillCheck[] = [
    check(
      'before the outage everything completes',
      DRILL_WORKFLOWS.every(({ name }) => found.before.byWorkflow[name].completed === 2),
      '2 tasks of each workflow',
    ),
    check('nothing is lost', lost === 0, `${lost} of ${all * DRILL_WORKFLOWS.length} tasks have no end`),
    check('public data goes to the fallback', faq.completed === all, `${faq.completed} of ${all} completed`),
    check(
      'internal data does not',
      after.records['endpoint.refused'] !== 0,
      `policy refused the fallback ${after.records['endpoint.refused']} times`,
    ),
    check(
      'low risk is degraded as declared',
      ticket.degraded === tasks && ticket.completed === all,
      `${ticket.degraded} of ${tasks} answered by the declared answer`,
    ),
    check(
      'high risk waits, and completes afterwards',
      waited === tasks && claim.completed === all,
      `${waited} of ${tasks} waited, ${claim.completed} of ${all} completed`,
    ),
    check(
      'critical work is a person’s at once',
      payment.handed_off === tasks && payment.queue === tasks,
      `${payment.queue} in the queue`,
    ),
    check(
      'the outage is discovered once, and not by every task',
      cut <= resilience.breaker_failures + probes + UNDER_WAY_MAX && cut < 3 * tasks,
      `${cut} attempts while the vendor was away, for ${3 * tasks} questions to it and their retries`,
    ),
    check(
      'no stampede',
      per_second_after.every((count, second) => count <= (allowed_per_second[second] as number)),
      `attempts a second after the return: ${per_second_after.join(', ')}; ${waited} waited`,
    ),
  ];
  return {
    drill: 'vendor-outage',
    ok: checks.every(({ ok }) => ok),
    ...{ pids, outage_ms, checks },
    workflows: DRILL_WORKFLOWS.map((workflow) => ({
      ...workflow,
      during: during.byWorkflow[workflow.name],
      after: after.byWorkflow[workflow.name],
    })),
    attempts: {
      ...{ during: cut, per_second_after, allowed_per_second },
      first_answer_after_ms: first === null ? null : first - back_at,
    },
  };
}

const check = (name: string, ok: boolean, detail: string): DrillCheck => ({ name, ok, detail });
