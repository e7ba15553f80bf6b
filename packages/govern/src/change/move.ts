import {
  type ChangeEvent,
  type Clock,
  type Digest,
  draft,
  PortreeveError,
  type ProposalId,
  type RecordActor,
  type RecordDraft,
  step,
  type Tx,
} from '@portreeve/contract';
import type { ChangeStore, StoredChange } from './ports.ts';
import { CHANGE_TABLE } from './states.ts';

export interface ChangeMoveDeps {
  readonly changes: ChangeStore;
  readonly clock: Clock;
}

/** Moves one locked change and gives the record of it, to be appended last. Throws `conflict` where it cannot. */
export async function moveChange(
  { changes, clock }: ChangeMoveDeps,
  tx: Tx,
  wanted: {
    readonly change: StoredChange;
    readonly event: ChangeEvent;
    readonly reason: string;
    readonly actor: RecordActor;
    readonly proposal?: ProposalId | null;
    readonly evidence?: readonly Digest[];
  },
): Promise<RecordDraft[]> {
  const { change: found, event, reason, actor, proposal = null, evidence = [] } = wanted;
  const { change, kind, subject, state: from } = found;
  const to = step(CHANGE_TABLE, from, event);
  if (to === null)
    throw new PortreeveError('conflict', `A change that is ${from} cannot be decided on.`, {
      next: 'Look where it stands: `portreeve changes show`.',
    });
  const at = clock.now().toISOString();
  await changes.move(tx, { change, event, from, to, reason, by: actor.id, at, proposal, evidence });
  return [
    draft({
      type: 'change.moved',
      actor,
      refs: { ...placeOf(found), ...(proposal === null ? {} : { proposal }) },
      outcome: to,
      data: { change, kind, subject, event, from, to, reason, evidence: [...evidence] },
    }),
  ];
}

/** What touches one workflow stands in the log of that workflow, all else in the one of the house. */
export function placeOf({
  kind,
  subject,
  workflows,
}: Pick<StoredChange, 'kind' | 'subject' | 'workflows'>): NonNullable<RecordDraft['refs']> {
  const [workflow] = workflows;
  return {
    ...(workflow !== undefined && workflows.length === 1 ? { workflow } : {}),
    ...(kind === 'release' ? { release: subject as Digest } : {}),
  };
}
