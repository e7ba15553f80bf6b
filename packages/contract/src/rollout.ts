import { z } from 'zod';
import { type Digest, digestOf } from './canonical.ts';
import type { Principal } from './principal.ts';

/** Ten-thousandths: the whole of what is shared out. */
const WHOLE = 10_000;

const leaveSchema = z.strictObject({
  /** Runs of this step that have ended. */
  runs_min: z.int().min(1).max(1_000_000),
  /** Since the step was entered. */
  minutes_min: z.int().min(0).max(525_600),
  /** Ended runs of this step that failed or were left to a person. */
  failed_max: z.int().min(0).max(1_000_000),
  /** Live thresholds of the workflow that are missed. With more the pilot is also withdrawn, whoever wants what. */
  missed_max: z.int().min(0).max(3).default(0),
});

const bounds = {
  /** Runs that the step takes at the most; what is asked for after that goes to the release before. */
  runs_max: z.int().min(1).max(1_000_000),
  /** All of it must hold before the step may be left for the next one. */
  leave: leaveSchema,
};
const someone = z.array(z.string().min(1).max(128)).max(200).default([]);

/**
 * `shadow`: it runs beside for copies of requests, decides, and can do nothing. `users`: for who is named. `share`: for this
 * part of those who ask; the same person is always on the same side.
 */
const rolloutStepSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('shadow'), basis_points: z.int().min(1).max(WHOLE).default(WHOLE), ...bounds }),
  z.strictObject({ kind: z.literal('users'), users: someone, groups: someone, ...bounds }),
  z.strictObject({
    kind: z.literal('share'),
    basis_points: z
      .int()
      .min(1)
      .max(WHOLE - 1),
    ...bounds,
  }),
]);
export type RolloutStep = z.infer<typeof rolloutStepSchema>;

/** How a release of a workflow comes into production step by step (requirement H9). */
export const rolloutSchema = z
  .array(rolloutStepSchema)
  .min(1)
  .max(8)
  .superRefine((steps, context) => {
    let share = 0;
    for (const [n, step] of steps.entries()) {
      const fault = (member: string, message: string) =>
        context.addIssue({ code: 'custom', path: [n, member], message });
      if (step.leave.runs_min > step.runs_max)
        fault('leave', 'it asks for more runs than the step takes: nobody could leave it');
      if (step.kind === 'users' && step.users.length + step.groups.length === 0)
        fault('users', 'name a user or a group');
      if (step.kind === 'shadow' && steps.slice(0, n).some(({ kind }) => kind !== 'shadow'))
        fault('kind', 'a shadow comes before the steps that act');
      if (step.kind !== 'share') continue;
      if (step.basis_points <= share) fault('basis_points', 'each share is larger than the one before');
      share = step.basis_points;
    }
  });
export type Rollout = z.infer<typeof rolloutSchema>;

/** Where in the whole an id stands for a release, from 0 to 9999: the same each time, and another one for each release. */
function placeOf(release: Digest, id: string): number {
  return Number.parseInt(digestOf({ v: 1, release, id }).slice('sha256:'.length, 'sha256:'.length + 12), 16) % WHOLE;
}

/** Whether a step is for somebody's requests. A share looks at who asks, so that a person sees one release. */
export function servesOf(
  step: RolloutStep,
  release: Digest,
  asker: Pick<Principal, 'id' | 'name' | 'groups'>,
): boolean {
  if (step.kind === 'shadow') return false;
  if (step.kind === 'share') return placeOf(release, asker.id) < step.basis_points;
  return (
    step.users.includes(asker.id) ||
    step.users.includes(asker.name) ||
    asker.groups.some((group) => step.groups.includes(group))
  );
}

/** Whether a shadow copies this run: as many ten-thousandths of all as the step says. */
export function shadows(step: RolloutStep, release: Digest, run: string): boolean {
  return step.kind === 'shadow' && placeOf(release, run) < step.basis_points;
}

/** The index of the first step from `from` on that there is anything for; null: the whole of production comes next. */
export function stepFrom(rollout: Rollout | undefined, from: number, replaces: Digest | null): number | null {
  const index = (rollout ?? []).findIndex((step, n) => n >= from && (step.kind !== 'shadow' || replaces !== null));
  return index === -1 ? null : index;
}

/** A step for who approves it. */
export function saidOfStep(step: RolloutStep): string {
  const most = `at most ${step.runs_max} runs`;
  if (step.kind === 'share') return `${step.basis_points} of 10000 of those who ask, ${most}`;
  if (step.kind === 'users') return `for ${[...step.users, ...step.groups].join(', ')} alone, ${most}`.slice(0, 400);
  return `a shadow of ${step.basis_points} of 10000 requests that does nothing, ${most}`;
}

/** What is known of the runs of one step. */
export interface PilotFacts {
  readonly minutes: number;
  readonly taken: number;
  readonly ended: number;
  readonly failed: number;
  /** Live thresholds that are missed. */
  readonly missed: readonly string[];
}

/** Which criteria for leaving a step are not met, in words; empty: all are. */
export function unmetOf(
  { leave }: RolloutStep,
  facts: PilotFacts,
): { readonly path: string; readonly message: string }[] {
  const { runs_min, minutes_min, failed_max, missed_max } = leave;
  const no = (name: string, unmet: boolean, message: string) =>
    unmet ? [{ path: `rollout.leave.${name}`, message }] : [];
  return [
    ...no('runs_min', facts.ended < runs_min, `${facts.ended} runs have ended; it takes ${runs_min}`),
    ...no('minutes_min', facts.minutes < minutes_min, `it began ${facts.minutes} minutes ago; it takes ${minutes_min}`),
    ...no(
      'failed_max',
      facts.failed > failed_max,
      `${facts.failed} runs failed or were left to a person; ${failed_max} are the most`,
    ),
    ...no(
      'missed_max',
      facts.missed.length > missed_max,
      `${facts.missed.join(', ')} missed; ${missed_max} thresholds are the most`,
    ),
  ];
}
