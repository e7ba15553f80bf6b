import type { AuditLogs } from '@portreeve/audit';
import { type AuditWriter, draft, PortreeveError, type RecordDraft, SYSTEM_ACTOR } from '@portreeve/contract';
import { type DriftAlarm, type DriftReport, driftOf, observer, type SeenRecord, WATCHED } from '@portreeve/govern';
import type { LoadedWorkflow } from '@portreeve/run';
import { inOrder, newestOfType } from './newest-records.ts';

/** The longest value that a record of an alarm has. */
const VALUE_MAX = 2000;

export interface WorkflowDrift extends DriftReport {
  readonly workflow: string;
  /** The name of the log that every index is one of. */
  readonly log: string;
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
  readonly audit: Pick<AuditLogs, 'ofWorkflow'> & AuditWriter;
  /** What each workflow is now: the release in production where one runs, else what the project's files are. */
  readonly workflows: () => readonly LoadedWorkflow[];
}): DriftWatch {
  const { audit, workflows } = deps;

  async function of(workflow: string): Promise<WorkflowDrift> {
    const loaded = workflows().find(({ definition }) => definition.contract.name === workflow);
    if (!loaded) throw new PortreeveError('not_found', `There is no workflow ${workflow}.`);
    const { name, log } = audit.ofWorkflow(workflow);
    const seen = await Promise.all(WATCHED.map((type) => newestOfType(log, { workflow, type })));
    const { records, cut } = inOrder(seen);
    const observed = observer();
    for (const record of records as readonly SeenRecord[]) observed.take(record);
    const { observations, changes } = observed;
    const report = driftOf(observations, changes, { steps: loaded.definition.contract.scope.prompts.length });
    return { workflow, log: name, from: records[0]?.entry.index ?? null, whole: cut === 0, ...report };
  }

  const lookedAt = new Map<string, string>();

  /** The newest record of each type: where it is the one of the last look, there is nothing to look at. */
  async function newestOf(workflow: string): Promise<string> {
    const { log } = audit.ofWorkflow(workflow);
    const each = WATCHED.map((type) => log.search({ workflow, type, order: 'newest', limit: 1 }));
    return (await Promise.all(each)).map(({ records }) => records[0]?.entry.index ?? '').join(' ');
  }

  return {
    of,
    async look() {
      for (const { definition, release } of workflows()) {
        const { name } = definition.contract;
        const newest = await newestOf(name);
        if (lookedAt.get(name) === newest) continue;
        const { workflow, alarms, from } = await of(name);
        if (alarms.length > 0) await audit.record(alarms.map((alarm) => alarmRecord(workflow, release, alarm, from)));
        lookedAt.set(name, newest);
      }
    },
  };
}

/** The key is of the stretch: one alarm of it is on record once, whoever finds it, and however often. */
function alarmRecord(
  workflow: string,
  release: LoadedWorkflow['release'],
  alarm: DriftAlarm,
  from: number | null,
): RecordDraft {
  const { metric, step, by, reference_count, shift, nearest } = alarm;
  const { at, value, ...found } = shift;
  return draft({
    type: 'drift.alarm',
    ...{ actor: SYSTEM_ACTOR, outcome: metric, refs: { workflow, release } },
    data: {
      metric,
      step,
      by,
      reference_count,
      value: value.slice(0, VALUE_MAX),
      ...found,
      at_index: at.index,
      nearest,
    },
    key: `drift:${workflow}:${metric}:${step ?? ''}:${by}:${nearest?.index ?? from}`,
  });
}
