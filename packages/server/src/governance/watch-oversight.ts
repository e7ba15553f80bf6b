import {
  type AuditWriter,
  asId,
  type Clock,
  draft,
  type RecordDraft,
  type StampingRules,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { type Alarm, figuresBy } from '@portreeve/govern';
import type { LoadedWorkflow } from '@portreeve/run';
import type { Services } from '../services.ts';
import { type CountedDecision, decisionsOf } from './decisions.ts';

/** How far a look reaches back: the report's own span, where nothing else is asked for. */
const SPAN_MS = 30 * 86_400_000;

/**
 * Looks at how people decide, and puts each alarm on record, whichever process finds it: once a week for a reviewer and a
 * workflow while it lasts and they go on deciding. Written through the writer that tells people, so the workflow's owners
 * hear of it.
 */
export function watchOversight(deps: {
  readonly audit: Services['audit'];
  readonly writer: AuditWriter;
  readonly oversight: Services['oversight'];
  readonly workflows: readonly LoadedWorkflow[];
  readonly rules: StampingRules;
  readonly clock: Clock;
}): { look(): Promise<void> } {
  const { audit, clock, rules } = deps;
  let newestSeen: string | undefined;

  return {
    async look() {
      const types = ['approval.verdict', 'approval.amended'] as const;
      const [newest] = (await audit.search({ types: [...types], order: 'newest', limit: 1 })).records;
      if (newest === undefined || newest.place === newestSeen) return;
      const now = clock.now();
      const span = { since: new Date(now.getTime() - SPAN_MS).toISOString(), until: now.toISOString() };
      const { counted } = await decisionsOf(deps, span);
      const drafts = figuresBy(counted, ({ reviewer }) => [reviewer], rules).flatMap(({ name, alarms, records }) => {
        const theirs = counted.filter(({ reviewer }) => reviewer === name);
        return alarms.flatMap((alarm) => alarmRecords(alarm, theirs, { ...span, records }));
      });
      if (drafts.length > 0) await deps.writer.record(drafts);
      newestSeen = newest.place;
    },
  };

  /** One for each workflow that the decisions are of: its owners answer for how it is overseen. */
  function alarmRecords(
    alarm: Alarm,
    decisions: readonly CountedDecision[],
    { since, records }: { readonly since: string; readonly records: readonly string[] },
  ): RecordDraft[] {
    return deps.workflows.flatMap(({ definition: { contract } }) => {
      const newest = decisions.filter(({ workflow }) => workflow === contract.name).map(({ at }) => at);
      if (newest.length === 0) return [];
      const account = asId('principal', decisions[0]!.reviewer);
      const groups = [...new Set(Object.values(contract.owners))];
      return draft({
        type: 'oversight.alarm',
        ...{ actor: SYSTEM_ACTOR, outcome: alarm.alarm, refs: { workflow: contract.name } },
        data: { account, ...alarm, since, groups, records: [...records] },
        key: `oversight:${contract.name}:${account}:${alarm.alarm}:${weekOf(newest.sort().at(-1)!)}`,
      });
    });
  }
}

/** The Monday of a time's week, in UTC. */
function weekOf(time: string): string {
  const day = new Date(time);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}
