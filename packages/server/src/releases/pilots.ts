import type { AuditLogs } from '@portreeve/audit';
import { type Clock, type Digest, type PilotFacts, SYSTEM_ACTOR, unmetOf } from '@portreeve/contract';
import { type LiveFigure, type PilotStep, type PilotStore, pilotFacts, type Releases } from '@portreeve/govern';
import { figuresSince, saidOfMissed } from '../governance/live-figures.ts';

/** Where a pilot stands, for who decides how it goes on. */
export interface ShownPilot extends PilotStep {
  readonly facts: PilotFacts;
  readonly figures: readonly LiveFigure[];
  /** Criteria for leaving the step that are not met. */
  readonly unmet: readonly { readonly path: string; readonly message: string }[];
}

/** Looks at the pilots of releases, and ends one that misses more thresholds than its step lets it (requirements H4, H9). */
export function watchPilots(deps: {
  readonly pilots: PilotStore;
  readonly releases: Pick<Releases, 'get' | 'move'>;
  readonly audit: Pick<AuditLogs, 'ofWorkflow'>;
  readonly clock: Clock;
}) {
  const { pilots, releases, audit, clock } = deps;

  async function shown(step: PilotStep): Promise<ShownPilot> {
    const { contract } = await releases.get(step.release);
    const now = clock.now();
    const { figures } = await figuresSince(audit, contract, { since: step.entered_at, now, of: step.release });
    const missed = figures.filter((figure) => figure.missed).map(({ threshold }) => threshold);
    const facts = await pilotFacts(pilots, step, now, missed);
    return { ...step, facts, figures, unmet: unmetOf(step.rollout[step.index]!, facts) };
  }

  return {
    /** Null where the release is in no pilot. */
    async of(release: Digest): Promise<ShownPilot | null> {
      const step = await pilots.get(release);
      return step ? shown(step) : null;
    },

    /** Stop conditions: the release before goes on for everybody, and what is under way keeps its release. */
    async look(): Promise<void> {
      for (const step of await pilots.open()) {
        const { figures, facts } = await shown(step);
        if (facts.missed.length <= step.rollout[step.index]!.leave.missed_max) continue;
        const said = figures.filter(({ missed }) => missed).map(saidOfMissed);
        await releases.move(step.release, 'withdraw', `By its own thresholds. ${said.join('; ')}.`, SYSTEM_ACTOR);
      }
    },
  };
}

export type Pilots = ReturnType<typeof watchPilots>;
