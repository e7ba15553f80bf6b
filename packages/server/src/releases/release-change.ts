import {
  type AuditWriter,
  actorOf,
  type ChangePiece,
  type Clock,
  type Principal,
  type RecordDraft,
  type UnitOfWork,
  type WorkflowContract,
} from '@portreeve/contract';
import { type ChangeStore, moveChange, openChange, type StoredRelease, touchedBy } from '@portreeve/govern';
import type { Comparisons } from './compare-apart.ts';

/**
 * Opens the change that a release is, against what is in production (requirement H2), and gives what it consists of. One of
 * a release is open at a time; one against what is in production no longer is withdrawn.
 */
export async function openReleaseChange(
  deps: {
    readonly changes: ChangeStore;
    readonly comparisons: Pick<Comparisons, 'needed'>;
    readonly audit: AuditWriter;
    readonly uow: UnitOfWork;
    readonly clock: Clock;
  },
  wanted: {
    readonly found: StoredRelease;
    readonly replaced: StoredRelease | null;
    /** Whose owners agree. */
    readonly inForce: WorkflowContract;
    readonly reason: string;
    readonly by: Principal;
  },
): Promise<readonly ChangePiece[]> {
  const { found, replaced, inForce, reason, by } = wanted;
  const pieces = await piecesOf(deps.comparisons, replaced, found);
  const actor = actorOf(by);
  await deps.uow.transaction(async (tx) => {
    const from = replaced?.release ?? null;
    const records: RecordDraft[] = [];
    for (const change of await deps.changes.live(tx, 'release', found.release)) {
      if (change.from === from) return;
      const why = 'Another release is in production: it is another change.';
      records.push(...(await moveChange(deps, tx, { change, event: 'withdraw', reason: why, actor })));
    }
    const { risk } = touchedBy([inForce, found.contract]);
    const touched = { ...touchedBy([inForce]), risk };
    const about = { kind: 'release', subject: found.release, from, to: found.release } as const;
    records.push(...(await openChange(deps, tx, { ...about, touched, pieces, reason, actor })));
    if (records.length > 0) await deps.audit.append(tx, records);
  });
  return pieces;
}

/** What is otherwise than in what it replaces. What cannot be compared counts as looser. */
async function piecesOf(
  comparisons: Pick<Comparisons, 'needed'>,
  before: StoredRelease | null,
  after: StoredRelease,
): Promise<readonly ChangePiece[]> {
  const unknown = (text: string): ChangePiece[] => [{ area: 'workflow', text, loosens: true, lines: [] }];
  if (before === null)
    return unknown('It is the first release of this workflow: nothing is in production to compare it with.');
  if (before.bytes === null || after.bytes === null) return unknown('There is no bundle to compare it with.');
  return comparisons.needed(before.release, after.release);
}
