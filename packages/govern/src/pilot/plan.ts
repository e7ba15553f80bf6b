import {
  type Clock,
  type Digest,
  digestOf,
  type Json,
  type JsonObject,
  type PilotFacts,
  type Rollout,
  stepFrom,
  unmetOf,
} from '@portreeve/contract';
import type { StoredRelease } from '../release/ports.ts';
import type { PilotStep, PilotStore } from './ports.ts';

/** How a release goes on towards production. */
export type Plan =
  | { readonly event: 'stage' }
  | { readonly event: 'pilot'; readonly rollout: Rollout; readonly index: number }
  | { readonly event: 'promote' };

interface Place {
  readonly found: StoredRelease;
  /** All releases of its workflow. */
  readonly all: readonly StoredRelease[];
  /** The step that it is in. */
  readonly step: PilotStep | null;
}

/**
 * What comes next for a release that is tested. INVARIANT: a release does not come around the steps that hold now by
 * declaring none: then those of the one in production are its own.
 */
export function planOf({ found, all, step }: Place): Plan {
  if (found.state === 'testing') return { event: 'stage' };
  const current = all.find(({ state }) => state === 'production') ?? null;
  const rollout = step?.rollout ?? found.contract.rollout ?? current?.contract.rollout;
  const index = stepFrom(rollout, step === null ? 0 : step.index + 1, current?.release ?? null);
  return rollout === undefined || index === null ? { event: 'promote' } : { event: 'pilot', rollout, index };
}

export const rolloutDigest = (rollout: Rollout): Digest => digestOf(rollout as unknown as Json);

/** Another release of the workflow that is in a pilot: two at once would each be tried against the other. */
export function otherPilot({ found, all }: Pick<Place, 'found' | 'all'>): StoredRelease | null {
  return all.find(({ state, release }) => state === 'pilot' && release !== found.release) ?? null;
}

/** What is known of the step that a release is in; who judges thresholds says which are missed. */
export async function pilotFacts(
  pilots: Pick<PilotStore, 'runs'>,
  { release, entered_at, taken }: PilotStep,
  now: Date,
  missed: readonly string[],
): Promise<PilotFacts> {
  const { ended, failed } = await pilots.runs(release);
  return { minutes: Math.floor((now.getTime() - Date.parse(entered_at)) / 60_000), taken, ended, failed, missed };
}

/** Why a move is not, or not any more, what comes next for the release; null where it is. */
export async function offPlan(
  deps: { readonly pilots: Pick<PilotStore, 'runs'>; readonly clock: Clock },
  args: JsonObject,
  event: string,
  place: Place,
): Promise<string | null> {
  if (event !== 'pilot' && event !== 'promote') return null;
  const plan = planOf(place);
  if (plan.event !== event) return 'By its rollout something else comes next: ask again.';
  if (plan.event === 'pilot') {
    const other = otherPilot(place);
    if (other) return `${other.release} is in a pilot: it ends first.`;
    if (args.step !== plan.index + 1 || args.rollout !== rolloutDigest(plan.rollout))
      return 'It has entered another step meanwhile, or has other steps: ask again.';
  }
  const { step } = place;
  if (step === null) return null;
  const left = args.left as { readonly step: number; readonly missed: readonly string[] } | null | undefined;
  if (left?.step !== step.index + 1) return 'It is in another step than when it was asked: ask again.';
  const [unmet] = unmetOf(
    step.rollout[step.index]!,
    await pilotFacts(deps.pilots, step, deps.clock.now(), left.missed),
  );
  return unmet ? `${unmet.path}: ${unmet.message}` : null;
}
