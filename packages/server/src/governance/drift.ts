import type { AuditLog } from '@portreeve/audit';
import { type AuditWriter, draft, PortreeveError, type RecordDraft, SYSTEM_ACTOR } from '@portreeve/contract';
import { type DriftAlarm, type DriftReport, driftOf, observer, type SeenRecord, WATCHED } from '@portreeve/govern';
import type { LoadedWorkflow } from '@portreeve/run';

/** Records of a workflow that are looked at, of each type that is watched; older ones say little of what it does now. */
const RECORDS_MAX = 10_000;
const PAGE = 500;

export interface WorkflowDrift extends DriftReport {
  readonly workflow: string;
  /** The first record that was looked at; null where there is none. */
  readonly from: number | null;
  /** Whether that is all there is. */
  readonly whole: boolean;
}

export interface DriftWatch {
  /** Reads the log anew. Throws `not_found`. */
  of(workflow: string): Promise<WorkflowDrift>;
  /** Looks at every workflow, and puts each alarm on record once, whichever process finds it. */
  look(): Promise<void>;
}

/** Watches what workflows do for shifts (requirement H6), from the log alone. */
export function watchDrift(deps: {
  readonly audit: Pick<AuditLog, 'search'> & AuditWriter;
  readonly workflows: readonly LoadedWorkflow[];
}): DriftWatch {
  const { audit, workflows } = deps;

  async function newest(workflow: string, type: (typeof WATCHED)[number]) {
    const records: SeenRecord[] = [];
    let after: number | null = null;
    do {
      const page = await audit.search({
        ...{ workflow, type, order: 'newest' as const, limit: PAGE },
        ...(after === null ? {} : { after }),
      });
      records.push(...(page.records as readonly SeenRecord[]));
      after = page.next;
    } while (after !== null && records.length < RECORDS_MAX);
    return { records, more: after !== null };
  }

  async function of(workflow: string): Promise<WorkflowDrift> {
    const loaded = workflows.find(({ definition }) => definition.contract.name === workflow);
    if (!loaded) throw new PortreeveError('not_found', `There is no workflow ${workflow}.`);
    const seen = await Promise.all(WATCHED.map((type) => newest(workflow, type)));
    // Where one type was cut, no other may reach further back: what is compared has to be of the same time.
    const cut = Math.max(
      -1,
      ...seen.filter(({ more }) => more).map(({ records }) => records.at(-1)?.entry.index ?? -1),
    );
    const records = seen
      .flatMap((each) => each.records)
      .filter(({ entry }) => entry.index >= cut)
      .sort((a, b) => a.entry.index - b.entry.index);
    const observed = observer();
    for (const record of records) observed.take(record);
    const { observations, changes } = observed;
    const report = driftOf(observations, changes, { steps: loaded.definition.contract.scope.prompts.length });
    return { workflow, from: records[0]?.entry.index ?? null, whole: cut < 0, ...report };
  }

  return {
    of,
    async look() {
      for (const { definition, release } of workflows) {
        const { workflow, alarms } = await of(definition.contract.name);
        if (alarms.length > 0) await audit.record(alarms.map((alarm) => alarmRecord(workflow, release, alarm)));
      }
    },
  };
}

/** The key is of the stretch: one alarm of it is on record once, whoever finds it, and however often. */
function alarmRecord(workflow: string, release: LoadedWorkflow['release'], alarm: DriftAlarm): RecordDraft {
  const { metric, step, by, reference_count, shift, nearest } = alarm;
  const { at, ...found } = shift;
  return draft({
    type: 'drift.alarm',
    ...{ actor: SYSTEM_ACTOR, outcome: metric, refs: { workflow, release } },
    data: { metric, step, by, reference_count, ...found, at_index: at.index, nearest },
    key: `drift:${workflow}:${metric}:${step ?? ''}:${by}:${nearest?.index ?? 'start'}`,
  });
}
