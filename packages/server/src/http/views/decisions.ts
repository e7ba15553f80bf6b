import type { AuditLogs, LogsQuery, PlacedRecord } from '@portreeve/audit';
import type { Json, RecordType } from '@portreeve/contract';

/** The records that hold a decision of policy with the request that it judged. */
export const DECISION_TYPES = [
  'decision.made',
  'run.admitted',
  'run.refused',
  'source.read',
  'source.refused',
  'tool.refused',
  'endpoint.refused',
  'prompt.assembled',
  'api.refused',
] as const satisfies readonly RecordType[];

/** A line of the stream. Both are `null` where the record was erased. */
export interface DecisionLine {
  readonly record: string;
  readonly time: string;
  readonly request: Json;
  readonly decision: Json;
}

/**
 * Every recorded decision of a time and of a reader's workflows, page by page of so many records: a million of them take no
 * more memory than one page.
 */
export async function* recordedDecisions(
  audit: Pick<AuditLogs, 'search'>,
  filter: Pick<LogsQuery, 'since' | 'until' | 'workflows'>,
  { order, page: limit }: { readonly order: 'oldest' | 'newest'; readonly page: number },
): AsyncGenerator<DecisionLine, void, undefined> {
  for (let after: string | null | undefined; after !== null; ) {
    const page = await audit.search({
      ...{ types: [...DECISION_TYPES], order, limit, ...filter },
      ...(after === undefined ? {} : { after }),
    });
    for (const record of page.records) {
      const line = lineOf(record);
      if (line !== null) yield line;
    }
    after = page.next;
  }
}

/** `null` for a refusal in which policy was not asked, such as a wrong credential. */
function lineOf({ entry, payload, place: record }: PlacedRecord): DecisionLine | null {
  const { time } = entry;
  if (payload === null) return { record, time, request: null, decision: null };
  const { request = null, decision = null } = payload.data;
  return decision === null ? null : { record, time, request, decision };
}
