import type { AuditLogs, LogsQuery } from '@portreeve/audit';
import type { Clock, RecordData, RecordType } from '@portreeve/contract';
import type { EvidenceRecord, Look, SeenAgent } from '@portreeve/govern';

/** Records of one type that facts look at, the newest; the report says where there are more. */
export const RECORDS_MAX = 5000;
const PAGE = 500;

export interface Span {
  /** RFC 3339, included. */
  readonly from: string;
  /** Not included. */
  readonly to: string;
}

/** What the facts of a report look at, and what it leaves to be said of that. */
export interface RecordLook extends Look {
  /** Types of which there are more records than were looked at, and payloads that cannot be read any more. */
  remarks(): Promise<string[]>;
}

interface Taken {
  readonly records: readonly EvidenceRecord[];
  /** From when on all of them are seen. */
  readonly from: string;
}

/** Reads each type once, however many facts ask for it. `workflows`: what the reader may see; null: all. */
export function lookAtRecord(deps: {
  readonly audit: Pick<AuditLogs, 'search'>;
  readonly clock: Clock;
  readonly span: Span;
  readonly workflows: readonly string[] | null;
  readonly agents: () => Promise<readonly SeenAgent[]>;
  readonly releasesByWorkflow: ReadonlyMap<string, string>;
}): RecordLook {
  const { span, workflows } = deps;
  const takenByType = new Map<RecordType, Promise<Taken>>();

  const take = (type: RecordType): Promise<Taken> => {
    const taken = takenByType.get(type) ?? read(type);
    takenByType.set(type, taken);
    return taken;
  };

  async function read(type: RecordType): Promise<Taken> {
    const records: EvidenceRecord[] = [];
    const query: LogsQuery = {
      ...{ type, since: span.from, until: span.to, order: 'newest', limit: PAGE },
      ...(workflows === null ? {} : { workflows: [...workflows] }),
    };
    let after: string | null = null;
    do {
      const page = await deps.audit.search(after === null ? query : { ...query, after });
      for (const { place, entry, payload } of page.records) {
        const { time, actor, outcome, refs } = entry;
        const data = (payload?.data ?? null) as RecordData<RecordType> | null;
        records.push({ place, type, time, actor, outcome, refs, data });
      }
      after = page.next;
    } while (after !== null && records.length < RECORDS_MAX);
    // Others of the time of the last one may be missing.
    return { records, from: after === null ? span.from : momentAfter(records.at(-1)!.time) };
  }

  return {
    now: deps.clock.now(),
    agents: deps.agents,
    releasesByWorkflow: deps.releasesByWorkflow,
    async records<T extends RecordType>(type: T) {
      return (await take(type)).records as readonly EvidenceRecord<T>[];
    },
    async reach(...types) {
      const all = await Promise.all(types.map(take));
      return (
        all
          .map(({ from }) => from)
          .sort()
          .at(-1) ?? span.from
      );
    },
    async remarks() {
      const all = await Promise.all([...takenByType].map(async ([type, taken]) => ({ type, ...(await taken) })));
      return all.flatMap(({ type, records, from }) => {
        const gone = records.filter(({ data }) => data === null).length;
        return [
          ...(from === span.from ? [] : [`Of ${type} only the newest ${records.length} records were looked at.`]),
          ...(gone === 0
            ? []
            : [`${gone} records of ${type} have been erased, and are counted without their content.`]),
        ];
      });
    },
  };
}

const momentAfter = (time: string): string => new Date(Date.parse(time) + 1).toISOString();
