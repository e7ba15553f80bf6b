import {
  type ChangeId,
  canonicalJson,
  type Digest,
  type Json,
  type JsonObject,
  PortreeveError,
  type ProposalId,
  type RecordActor,
} from '@portreeve/contract';
import type { ReleaseStore } from '../release/ports.ts';
import { type ChangeEvidence, type EvidenceDeps, evidenceOf } from './evidence.ts';
import { moveChange } from './move.ts';
import type { SurfaceDeps } from './surface.ts';

export interface ApprovingDeps extends SurfaceDeps, EvidenceDeps {
  readonly store: Pick<ReleaseStore, 'get' | 'evidence' | 'standing'>;
}

export type ChangeOutcome =
  | { readonly done: true; readonly change: ChangeId }
  | { readonly done: false; readonly reason: string };

/** What the reports of an approval are on, as who approves reads it. */
export const restsOn = (evidence: readonly ChangeEvidence[]): JsonObject[] =>
  evidence.flatMap(({ workflow, release, reports }) =>
    release === null ? [] : [{ workflow, release, reports: [...reports] }],
  );

/**
 * Lets a change count as agreed to, after its proposal was approved and granted: the state of it, what later ones are
 * compared to, and the record, in one transaction. Everything that was true when it was asked is looked at again under the
 * lock. The same proposal twice is done once.
 */
export async function carryOutApproval(
  deps: ApprovingDeps,
  call: { readonly args: JsonObject; readonly proposal: ProposalId; readonly actor: RecordActor },
): Promise<ChangeOutcome> {
  const { change, reason, rests_on } = call.args as unknown as {
    readonly change: ChangeId;
    readonly reason: string;
    readonly rests_on: readonly { readonly workflow: string; readonly release: Digest }[];
  };
  const standing = await deps.store.standing();
  const asked = new Map(rests_on.map(({ workflow, release }) => [workflow, release]));
  const inForce = (workflow: string) => standing.production.get(workflow) ?? asked.get(workflow) ?? null;
  try {
    return await deps.uow.transaction(async (tx): Promise<ChangeOutcome> => {
      const found = await deps.changes.lock(tx, change);
      if (!found) return no(`There is no change ${change}.`);
      if ((await deps.changes.moves(change)).some(({ proposal }) => proposal === call.proposal))
        return { done: true, change };
      if (found.asked?.proposal !== call.proposal) return no('It was decided on otherwise since it was asked.');
      const evidence = await evidenceOf(deps, found, inForce);
      const [lacking] = evidence.flatMap(({ workflow, lacks }) =>
        lacks.map(({ path, message }) => `${workflow}, ${path}: ${message}`),
      );
      if (lacking !== undefined) return no(lacking);
      if (canonicalJson(restsOn(evidence) as Json) !== canonicalJson(rests_on as unknown as Json))
        return no('Another release runs, or other reports were attached, since it was asked: ask again.');
      const records = await moveChange(deps, tx, {
        ...{ change: found, event: 'approve', reason, actor: call.actor, proposal: call.proposal },
        evidence: evidence.flatMap(({ reports }) => reports),
      });
      await deps.surface.set(tx, found.kind, found.subject, found.after);
      await deps.audit.append(tx, records);
      return { done: true, change };
    });
  } catch (error) {
    if (error instanceof PortreeveError && error.code === 'conflict') return no(error.detail);
    throw error;
  }
}

const no = (reason: string): ChangeOutcome => ({ done: false, reason });
