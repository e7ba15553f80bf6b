import {
  type Clock,
  type Digest,
  draft,
  type ProposalId,
  type RecordActor,
  type RecordDraft,
  type ReleaseEvent,
  type Tx,
} from '@portreeve/contract';
import { followRelease } from '../change/follow.ts';
import type { ChangeStore } from '../change/ports.ts';
import type { PilotStore } from '../pilot/ports.ts';
import type { ReleaseStore, StoredRelease } from './ports.ts';
import { nextRelease } from './states.ts';

export interface MoveDeps {
  readonly store: ReleaseStore;
  readonly pilots: Pick<PilotStore, 'leave'>;
  readonly changes: ChangeStore;
  readonly clock: Clock;
}

/** Moves one locked release and gives the records of it, to be appended last. Throws `conflict` where it cannot. */
export async function moveRelease(
  deps: MoveDeps,
  tx: Tx,
  wanted: {
    readonly release: StoredRelease;
    readonly event: ReleaseEvent;
    readonly reason: string;
    readonly actor: RecordActor;
    readonly proposal: ProposalId | null;
    /** The release that it takes the place of, or that takes its place. */
    readonly other: Digest | null;
    /** The step of its rollout that it enters or leaves, counted from 1. */
    readonly step?: number;
  },
): Promise<RecordDraft[]> {
  const { store, pilots, clock } = deps;
  const { release: found, event, reason, actor, proposal, other, step } = wanted;
  const { release, workflow, state: from } = found;
  const to = nextRelease(from, event);
  const at = clock.now().toISOString();
  await store.move(tx, { release, event, from, to, reason, by: actor.id, at, proposal });
  if (from === 'pilot' && to !== 'pilot') await pilots.leave(tx, release, at);
  const followed = await followRelease(deps, tx, { release, event, reason, actor, proposal });
  return [
    draft({
      type: 'release.moved',
      actor,
      refs: { workflow, release, ...(proposal === null ? {} : { proposal }) },
      outcome: to,
      data: { workflow, release, event, from, to, reason, other, ...(step === undefined ? {} : { step }) },
    }),
    ...followed,
  ];
}
