import { randomBytes, randomInt } from 'node:crypto';
import {
  type Approval,
  type AuditWriter,
  type Clock,
  type Digest,
  digestOf,
  draft,
  type PlantedCase,
  type Planting,
  type Principal,
  type Proposal,
  type RunId,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
  type WorkflowContract,
} from '@portreeve/contract';
import type { PlantedRuns } from '@portreeve/gate';
import type { Task } from '@portreeve/run';
import type { PlantedRun, PlantedStore } from './store/planted.ts';

export interface PlantingDeps {
  readonly store: PlantedStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly config: Planting;
  readonly contractOf: (workflow: string) => WorkflowContract | null;
  readonly whoIs: (name: string) => Promise<Principal | null>;
  readonly log: (level: 'error', message: string, error?: unknown) => void;
  /** A whole number from 0 to below this, by chance. */
  readonly chance?: (below: number) => number;
}

/** Admits a task; `admitted` is part of its transaction. */
export type Submit = (task: Task, who: Principal, admitted: (tx: Tx, run: RunId) => Promise<void>) => Promise<unknown>;

/** What a seal holds; `oversight.opened` tells it when the approval has closed. */
export function commitmentOf({ run, workflow, case_id, wrong, nonce }: Omit<PlantedRun, 'commitment'>): Digest {
  return digestOf({ v: 1, nonce, run, workflow, case: case_id, wrong });
}

const newNonce = (): string => randomBytes(32).toString('base64url');

/** Reviewers know that there is such a programme; nobody but the record knows which ones are of it. */
export function plantingNote({ per_thousand }: Planting): string | null {
  if (per_thousand === 0) return null;
  return 'Some of these proposals are planted to test the oversight. They look like any other, and are never carried out.';
}

/** Plants test proposals among real ones (requirement H7). A planted run is a run like any other, but that nothing is done. */
export function createPlanting(deps: PlantingDeps) {
  const { store, audit, clock, config, contractOf } = deps;
  const chance = deps.chance ?? ((below: number) => randomInt(below));
  const caseOf = (workflow: string, id: string): PlantedCase | null =>
    contractOf(workflow)?.planted?.find((each) => each.id === id) ?? null;

  const runs: PlantedRuns = {
    async ofRun(run) {
      const found = await store.ofRun(run);
      return found && { case: caseOf(found.workflow, found.case_id), shown: found.shown };
    },
  };

  /** The cases of a workflow that has a programme now. */
  const programmeOf = (workflow: string): readonly PlantedCase[] =>
    config.per_thousand === 0 || config.requesters.length === 0 ? [] : (contractOf(workflow)?.planted ?? []);
  // Its refs name nothing, so that whoever follows the run does not come upon it.
  const seal = (tx: Tx, commitment: Digest) =>
    audit.append(tx, [draft({ type: 'oversight.planted', actor: SYSTEM_ACTOR, data: { commitment } })]);

  return {
    runs,

    /**
     * A real run is admitted, in this transaction: where its workflow has a programme, it gets a seal that holds nothing.
     * INVARIANT: whoever reads the entries of the log cannot tell a planted run by its having a seal.
     */
    async admitted(tx: Tx, workflow: string): Promise<void> {
      if (programmeOf(workflow).length > 0) await seal(tx, digestOf({ v: 1, nonce: newNonce() }));
    },

    /** A real approval was asked for, in this transaction: by chance another one is planned. */
    async sample(tx: Tx, { workflow, run, amends }: Proposal): Promise<void> {
      const cases = programmeOf(workflow);
      if (cases.length === 0 || amends) return;
      if (run !== null && (await store.isPlanted(tx, run))) return;
      if (chance(1000) >= config.per_thousand) return;
      const at = clock.now().getTime() + chance(config.delay_minutes_max * 60_000 + 1);
      const case_id = cases[chance(cases.length)]!.id;
      await store.plan(tx, { id: randomBytes(16).toString('hex'), workflow, case_id }, new Date(at));
    },

    /** Plants what is due, by a run of an account that knows of the programme. */
    async plantDue(submit: Submit): Promise<void> {
      for (const { id, workflow, case_id } of await store.due(clock.now())) {
        const planted = programmeOf(workflow).find((each) => each.id === case_id);
        const who = await deps.whoIs(config.requesters[chance(config.requesters.length)] ?? '');
        const admitted = async (tx: Tx, run: RunId) => {
          if (!(await store.take(tx, id))) throw new TypeError(`${id} was planted elsewhere`);
          const sealed = { run, workflow, case_id, wrong: planted!.wrong, nonce: newNonce() };
          const commitment = commitmentOf(sealed);
          await store.insert(tx, { ...sealed, commitment });
          await seal(tx, commitment);
        };
        const done =
          planted && who
            ? submit({ workflow, input: planted.input }, who, admitted)
            : Promise.reject(new TypeError('the case, or who asks for it, is not there any more'));
        await done.catch(async (error: unknown) => {
          deps.log('error', `the case ${case_id} of ${workflow} could not be planted`, error);
          // It is not tried again: the next one comes soon enough.
          await deps.uow.transaction((tx) => store.take(tx, id));
        });
      }
    },

    /** Opens the seal when an approval closes that was planted: from now on the record tells it. */
    async closed(tx: Tx, approval: Approval): Promise<void> {
      const found = await store.open(tx, approval.proposal, clock.now());
      if (!found) return;
      const { case_id, ...sealed } = found;
      const data = {
        ...sealed,
        case: case_id,
        approval: approval.id,
        groups: [...approval.groups],
        state: approval.state,
      };
      await audit.append(tx, [draft({ type: 'oversight.opened', actor: SYSTEM_ACTOR, outcome: approval.state, data })]);
    },
  };
}
