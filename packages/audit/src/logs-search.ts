import { type AuditRecord, fieldErrors, nameSchema, PortreeveError, type RecordEntry } from '@portreeve/contract';
import { z } from 'zod';
import type { KeyStore } from './keys/ports.ts';
import type { PayloadSealer } from './keys/sealer.ts';
import type { WordTokens } from './keys/words.ts';
import { PLACE, parsePlace, placeText } from './log-routes.ts';
import type { AuditStore, StoredRecord } from './ports.ts';
import { auditQuerySchema, toRecords, toStoreSearch } from './search.ts';

export const logsQuerySchema = auditQuerySchema.omit({ after: true }).extend({
  /** Only this log, by its name; left out: every one. */
  log: nameSchema.optional(),
  /** The `next` of the page before. */
  after: z.string().regex(PLACE, 'the `next` of the page before').optional(),
});
export type LogsQuery = z.input<typeof logsQuerySchema>;
type ParsedQuery = z.output<typeof logsQuerySchema>;

/** A record, and where it stands: its index, with the name of its log before it where that is not the main one. */
export interface PlacedRecord extends AuditRecord {
  readonly place: string;
}

export interface LogsPage {
  readonly records: PlacedRecord[];
  /** Pass as `after` for the page that follows; `null` where there is none. */
  readonly next: string | null;
}

/** A log as a search over several sees it. */
export interface SearchedLog {
  readonly name: string;
  readonly origin: string;
}

interface Found extends StoredRecord {
  readonly log: SearchedLog;
  /** As its entry says; within a log it never goes back. */
  readonly time: string;
}

interface SearchParts {
  readonly store: AuditStore;
  readonly sealer: Pick<PayloadSealer, 'open'>;
  readonly keys: Pick<KeyStore, 'marks'>;
  readonly words: WordTokens;
}

/** Throws `bad_request` for a query that is not one. */
export function parseLogsQuery(query: LogsQuery): ParsedQuery {
  const parsed = logsQuerySchema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new PortreeveError('bad_request', 'The search is malformed.', { errors: fieldErrors(parsed.error) });
}

/**
 * One page out of several logs, ordered by time, then by the logs' origins, then by index: an order that is the same for
 * whoever asks, and in which a place alone says where a page ended. Each log is asked for one page at the most.
 */
export async function searchLogs(
  parts: SearchParts,
  logs: readonly SearchedLog[],
  query: ParsedQuery,
): Promise<LogsPage> {
  const { after, log: _, ...rest } = query;
  const asked = query.sort && logs.length > 1 ? await sortable(parts, logs, query) : logs;
  const bounds = after === undefined ? null : await boundsOf(parts, asked, query, after);
  const pages = await Promise.all(
    asked.map(async (log) => {
      const search = toStoreSearch({ ...rest, ...bounds?.(log) }, parts.words);
      const found = await parts.store.search(log.origin, { ...search, limit: search.limit + 1 });
      return found.map((record): Found => ({ ...record, log, time: timeOf(record) }));
    }),
  );
  const found = pages.length === 1 ? pages[0]! : pages.flat().sort(isOldest(query) ? byPlace : (a, b) => byPlace(b, a));
  const page = found.slice(0, query.limit);
  const records = await toRecords(await parts.sealer.open(page), parts.keys);
  const last = page.at(-1);
  return {
    records: records.map((record, i) => ({ ...record, place: placeText(page[i]!.log.name, page[i]!.index) })),
    next: last && found.length > page.length ? placeText(last.log.name, last.index) : null,
  };
}

const isOldest = ({ sort, order }: ParsedQuery) => sort === 'time' || (sort !== '-time' && order === 'oldest');

/** What is beyond a place in each log. Throws `bad_request` where there is no record of that place. */
async function boundsOf(
  { store }: SearchParts,
  logs: readonly SearchedLog[],
  query: ParsedQuery,
  after: string,
): Promise<(log: SearchedLog) => { after?: number; since?: string; until?: string }> {
  const { name, index } = parsePlace(after);
  const own = logs.find((log) => log.name === name);
  if (own && logs.length === 1) return () => ({ after: index });
  const record = own && (await store.record(own.origin, index));
  if (!own || !record)
    throw new PortreeveError('bad_request', `No page of this search ended with the record ${after}.`, {
      next: 'Pass the `next` of the page before; begin anew where old records were detached since.',
    });
  const time = Date.parse(timeOf(record));
  const iso = (ms: number) => new Date(ms).toISOString();
  return ({ origin }) => {
    if (origin === own.origin) return { after: index };
    // Of two records of one time the one of the later origin comes later.
    const later = origin > own.origin;
    if (!isOldest(query)) return { until: earliest(query.until, iso(later ? time : time + 1)) };
    return { since: latest(query.since, iso(later ? time : time + 1)) };
  };
}

const earliest = (asked: string | undefined, bound: string) =>
  asked !== undefined && Date.parse(asked) < Date.parse(bound) ? asked : bound;
const latest = (asked: string | undefined, bound: string) =>
  asked !== undefined && Date.parse(asked) > Date.parse(bound) ? asked : bound;

/**
 * The one log that has what is asked, for an order that only a log's own index gives: what belongs to a run, a proposal or
 * an approval stands in one. Throws `bad_request` where several have some.
 */
async function sortable(
  { store, words }: SearchParts,
  logs: readonly SearchedLog[],
  query: ParsedQuery,
): Promise<readonly SearchedLog[]> {
  if (query.sort === 'time' || query.sort === '-time') return logs;
  const { after: _, sort: __, log: ___, ...rest } = query;
  const search = { ...toStoreSearch(rest, words), limit: 1 };
  const having: SearchedLog[] = [];
  for (const log of logs) if ((await store.search(log.origin, search)).length > 0) having.push(log);
  if (having.length <= 1) return having.length === 1 ? having : logs.slice(0, 1);
  throw new PortreeveError('bad_request', 'No index gives the records of several logs in this order.', {
    next: 'Name one log, or sort by time.',
  });
}

function byPlace(a: Found, b: Found): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  if (a.log.origin !== b.log.origin) return a.log.origin < b.log.origin ? -1 : 1;
  return a.index - b.index;
}

function timeOf({ entry }: Pick<StoredRecord, 'entry'>): string {
  return (JSON.parse(entry) as RecordEntry).time;
}
