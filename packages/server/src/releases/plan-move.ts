import {
  type Digest,
  type JsonObject,
  PortreeveError,
  pilotRelease,
  promoteRelease,
  type ReleaseState,
  saidOfStep,
  stageRelease,
  type ToolContract,
} from '@portreeve/contract';
import { otherPilot, planOf, type Releases, rolloutDigest, type StoredRelease } from '@portreeve/govern';
import type { Pilots, ShownPilot } from './pilots.ts';

/** The move that comes next for a release, with what its approvers read of it besides what every move says. */
export interface PlannedMove {
  readonly tool: ToolContract;
  readonly args: JsonObject;
}

const GOES_ON: readonly ReleaseState[] = ['testing', 'staging', 'pilot'];

/**
 * What comes next for a release on its way to production. Throws `conflict` where nothing does, and `release_not_ready` with
 * the exact criteria that are not met for leaving the step of its rollout.
 */
export async function planMove(
  { releases, pilots }: { readonly releases: Pick<Releases, 'list'>; readonly pilots: Pick<Pilots, 'of'> },
  found: StoredRelease,
): Promise<PlannedMove> {
  const { release, workflow, state } = found;
  if (!GOES_ON.includes(state))
    throw new PortreeveError('conflict', `A release that is ${state} is not promoted.`, {
      next: NEXT[state] ?? 'Add another release.',
    });
  const standing = (['production', 'pilot'] as const).map((each) => releases.list({ workflow, state: each }));
  const all = [found, ...(await Promise.all(standing)).flat().filter((each) => each.release !== release)];
  const step = await pilots.of(release);
  assertLeaves(step);
  const plan = planOf({ found, all, step });
  if (plan.event === 'stage') return { tool: stageRelease, args: {} };
  const left = step && { ...step.facts, step: step.index + 1, missed: [...step.facts.missed] };
  if (plan.event === 'promote') return { tool: promoteRelease, args: { left } };
  const other = otherPilot({ found, all });
  if (other) throw inPilot(other.release);
  const { rollout, index } = plan;
  const serves = saidOfStep(rollout[index]!);
  const args = { step: index + 1, steps: rollout.length, serves, rollout: rolloutDigest(rollout), left };
  return { tool: pilotRelease, args };
}

function assertLeaves(step: ShownPilot | null): void {
  if (!step || step.unmet.length === 0) return;
  const { release, index, unmet } = step;
  const detail = `${release} cannot leave step ${index + 1} of its rollout: ${unmet[0]!.message}.`;
  throw new PortreeveError('release_not_ready', detail, { errors: [...unmet] });
}

const inPilot = (other: Digest) =>
  new PortreeveError('conflict', `${other} is in a pilot of this workflow.`, {
    next: 'End that first: promote it, or `portreeve release withdraw`.',
  });

const NEXT: Partial<Readonly<Record<ReleaseState, string>>> = {
  added: 'Let it be tested first: `portreeve release test`.',
  production: 'It is in production already.',
  retired: 'Take it back by `portreeve release rollback --to`, or let it be tested anew: `portreeve release test`.',
};
