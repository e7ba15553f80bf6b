import type {
  ChangeEvent,
  ChangeKind,
  Digest,
  ProposalId,
  RecordActor,
  RecordDraft,
  ReleaseEvent,
  Tx,
} from '@portreeve/contract';
import { type ChangeMoveDeps, moveChange } from './move.ts';

/** What an approval or a refusal elsewhere makes of the change that is about the same thing. */
interface Followed {
  readonly kind: ChangeKind;
  readonly subject: string;
  /** Left out: whatever it leads to. */
  readonly to?: Digest;
  readonly event: ChangeEvent;
  readonly reason: string;
  readonly actor: RecordActor;
  readonly proposal?: ProposalId | null;
}

/** INVARIANT: nobody is asked twice. What was decided on the release or the definition itself decides the change of it. */
export async function followChange(deps: ChangeMoveDeps, tx: Tx, followed: Followed): Promise<RecordDraft[]> {
  const { kind, subject, to, ...decided } = followed;
  const records: RecordDraft[] = [];
  for (const change of await deps.changes.live(tx, kind, subject)) {
    if (to !== undefined && change.to !== to) continue;
    if (decided.event === 'reject' && change.state === 'rejected') continue;
    records.push(...(await moveChange(deps, tx, { ...decided, change })));
  }
  return records;
}

const BY_MOVE: Readonly<Partial<Record<ReleaseEvent, ChangeEvent>>> = {
  promote: 'settle',
  restore: 'settle',
  retire: 'withdraw',
  withdraw: 'withdraw',
  bar: 'withdraw',
};

/** The change of a release that was moved: what its owners let into production is settled by that. */
export async function followRelease(
  deps: ChangeMoveDeps,
  tx: Tx,
  {
    release,
    event,
    ...moved
  }: Pick<Followed, 'reason' | 'actor' | 'proposal'> & {
    readonly release: Digest;
    readonly event: ReleaseEvent;
  },
): Promise<RecordDraft[]> {
  const follows = BY_MOVE[event];
  return follows === undefined
    ? []
    : followChange(deps, tx, { ...moved, kind: 'release', subject: release, event: follows });
}
