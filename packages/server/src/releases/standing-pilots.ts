import {
  type Digest,
  draft,
  type Principal,
  type RecordDraft,
  type Run,
  SYSTEM_ACTOR,
  servesOf,
  shadows,
  type Tx,
} from '@portreeve/contract';
import type { PilotStep, PilotStore } from '@portreeve/govern';

/** Which requests releases in a pilot serve (requirement H9), as the database has it at the last look. */
export function standingPilots(store: Pick<PilotStore, 'open' | 'lock' | 'count'>) {
  let openByWorkflow = new Map<string, PilotStep>();
  const stepOf = ({ rollout, index }: PilotStep) => rollout[index]!;
  /** What takes no more is as if it were not there. */
  const open = (workflow: string) => {
    const pilot = openByWorkflow.get(workflow);
    return pilot && pilot.taken < stepOf(pilot).runs_max ? pilot : null;
  };

  return {
    async refresh(): Promise<readonly Digest[]> {
      openByWorkflow = new Map((await store.open()).map((each) => [each.workflow, each]));
      return [...openByWorkflow.values()].map(({ release }) => release);
    },
    /** The release in a pilot that somebody's request goes to; null: that goes to production. */
    serving(workflow: string, asker: Principal): Digest | null {
      const pilot = open(workflow);
      return pilot && servesOf(stepOf(pilot), pilot.release, asker) ? pilot.release : null;
    },
    /** The release that shadows a run; null: none does. */
    shadowing({ id, workflow }: Pick<Run, 'id' | 'workflow'>): Digest | null {
      const pilot = open(workflow);
      return pilot && shadows(stepOf(pilot), pilot.release, id) ? pilot.release : null;
    },
    /** Whether a run may begin in the step that its release is in now; that stays so until the transaction ends. */
    async mayStart(tx: Tx, release: Digest, { principal, shadow_of }: Pick<Run, 'principal' | 'shadow_of'>) {
      const pilot = await store.lock(tx, release);
      if (!pilot || pilot.taken >= stepOf(pilot).runs_max) return false;
      const step = stepOf(pilot);
      return shadow_of ? shadows(step, release, shadow_of) : servesOf(step, release, principal);
    },
    /** Counts a run that begins on a release in a pilot. */
    async began(tx: Tx, { id, workflow, release, shadow_of }: Run): Promise<RecordDraft[]> {
      const pilot = await store.lock(tx, release as Digest);
      if (!pilot) return [];
      await store.count(tx, pilot.release, id);
      const { kind } = stepOf(pilot);
      const step = pilot.index + 1;
      const data = { workflow, release: pilot.release, step, kind, shadow_of: shadow_of ?? null };
      const refs = { run: id, workflow, release: pilot.release };
      return [draft({ type: 'release.piloted', actor: SYSTEM_ACTOR, refs, outcome: kind, data })];
    },
  };
}
