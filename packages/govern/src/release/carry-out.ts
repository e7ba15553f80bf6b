import {
  type Digest,
  type JsonObject,
  PortreeveError,
  type ProposalId,
  pilotRelease,
  promoteRelease,
  type RecordActor,
  type RecordDraft,
  type ReleaseEvent,
  rollBackRelease,
  stageRelease,
  type Tx,
} from '@portreeve/contract';
import { offPlan, planOf } from '../pilot/plan.ts';
import type { PilotStep } from '../pilot/ports.ts';
import { evidenceDigests, gapsOf } from './gaps.ts';
import { moveRelease } from './move.ts';
import type { StoredRelease } from './ports.ts';
import type { MovingDeps } from './register.ts';

export { type ApprovingDeps, carryOutApproval } from '../change/carry-out.ts';
export { LIVE_STATES } from '../change/states.ts';
export type { MovingDeps } from './register.ts';

/** A use of one of the desk's tools that a grant was spent for. */
export interface DeskCall {
  readonly tool: string;
  readonly args: JsonObject;
  readonly proposal: ProposalId;
  readonly actor: RecordActor;
}

export type DeskOutcome =
  | { readonly done: true; readonly release: Digest; readonly replaced: Digest | null }
  | { readonly done: false; readonly reason: string };

const EVENT_BY_TOOL: Readonly<Record<string, ReleaseEvent>> = {
  [stageRelease.name]: 'stage',
  [pilotRelease.name]: 'pilot',
  [promoteRelease.name]: 'promote',
  [rollBackRelease.name]: 'restore',
};

/**
 * Does what was decided, approved and granted, in one transaction: the state of the release, that of the one whose place it
 * takes, and the records. Everything that was true when it was asked is looked at again under the lock. The same proposal
 * twice is done once. It rejects where it is not known whether it was done, as where the database was lost.
 */
export async function carryOutMove(deps: MovingDeps, call: DeskCall): Promise<DeskOutcome> {
  const event = EVENT_BY_TOOL[call.tool];
  const { workflow, release, reason } = call.args as { workflow: string; release: Digest; reason: string };
  if (event === undefined) return { done: false, reason: `${call.tool} is not a tool of the desk.` };
  try {
    return await deps.uow.transaction(async (tx) => {
      const all = await deps.store.lock(tx, workflow);
      const found = all.find((each) => each.release === release);
      if (!found) return no(`There is no release ${release} of ${workflow}.`);
      const earlier = (await deps.store.moves(release)).find(({ proposal }) => proposal === call.proposal);
      const current = all.find(({ state }) => state === 'production') ?? null;
      if (earlier) return { done: true, release, replaced: (call.args.replaces as Digest | null) ?? null };
      const step = await deps.pilots.lock(tx, release);
      const place = { found, all, step };
      const lacking =
        (await lacks(deps, call, event, found, current)) ?? (await offPlan(deps, call.args, event, place));
      if (lacking !== null) return no(lacking);
      const records: RecordDraft[] = [];
      const { actor, proposal } = call;
      const replaced = event === 'stage' || event === 'pilot' ? null : current;
      const shared = { reason, actor, proposal };
      if (replaced) {
        const wanted = { ...shared, release: replaced, event: 'supersede', other: release } as const;
        records.push(...(await moveRelease(deps, tx, wanted)));
      }
      const other = replaced?.release ?? null;
      const plan = event === 'pilot' ? planOf(place) : null;
      const index = plan?.event === 'pilot' ? plan.index : step?.index;
      const at = index === undefined ? {} : { step: index + 1 };
      records.push(...(await moveRelease(deps, tx, { ...shared, ...at, release: found, event, other })));
      if (plan?.event === 'pilot') await enter(deps, tx, { release, workflow, ...plan });
      await deps.audit.append(tx, records);
      return { done: true, release, replaced: other };
    });
  } catch (error) {
    if (error instanceof PortreeveError && error.code === 'conflict') return no(error.detail);
    throw error;
  }
}

async function enter(
  { pilots, clock }: MovingDeps,
  tx: Tx,
  { release, workflow, rollout, index }: Omit<PilotStep, 'entered_at' | 'taken'>,
): Promise<void> {
  await pilots.enter(tx, { release, workflow, rollout, index, entered_at: clock.now().toISOString() });
}

const no = (reason: string): DeskOutcome => ({ done: false, reason });

/** Why it cannot be done any more, or never could; null where it can. */
async function lacks(
  deps: MovingDeps,
  { args }: DeskCall,
  event: ReleaseEvent,
  found: StoredRelease,
  current: StoredRelease | null,
): Promise<string | null> {
  const replaces = (current?.release ?? null) as string | null;
  if (args.replaces !== replaces)
    return `Meanwhile ${replaces ?? 'nothing'} is in production of ${found.workflow}: ask again.`;
  if (event === 'restore') {
    const were = await deps.store.wereInProduction(found.workflow);
    return were.includes(found.release) ? null : `${found.release} was never in production.`;
  }
  const evidence = await deps.store.evidence(found.release);
  const hours_max = deps.evidence_hours_max;
  const unreviewed = await deps.changes.unreviewed(found.workflow);
  const judged = { now: deps.clock.now(), hours_max, unreviewed, replaces: current?.contract ?? null };
  const [gap] = gapsOf(found.contract, evidence, judged);
  if (gap) return `${gap.path}: ${gap.message}`;
  if (JSON.stringify(args.evidence) !== JSON.stringify(evidenceDigests(evidence)))
    return 'Other reports were attached since it was asked: ask again, so that people approve what it rests on.';
  return null;
}
