import {
  type AuditRecord,
  digestSchema,
  fieldErrors,
  idSchema,
  nameSchema,
  PortreeveError,
  RECORD_TYPE_NAMES,
  type RecordEntry,
  type RecordPayload,
} from '@portreeve/contract';
import { z } from 'zod';
import type { KeyStore } from './keys/ports.ts';
import type { OpenedRecord } from './keys/sealer.ts';
import type { WordTokens } from './keys/words.ts';
import { SORT_COLUMNS, type StoreSearch, type StoreSort } from './ports.ts';
import type { AuditReader } from './reader.ts';

/** What records can be searched by (requirement G4). All that is given must hold. */
export const auditFilterSchema = z.strictObject({
  run: idSchema('run').optional(),
  workflow: nameSchema.optional(),
  type: z.enum(RECORD_TYPE_NAMES).optional(),
  /** The id of the principal, `system` or `anonymous`. */
  actor: z.string().min(1).max(128).optional(),
  tool: nameSchema.optional(),
  /** The id of an agent that acted, for itself or for somebody. */
  agent: z.string().min(1).max(128).optional(),
  outcome: z.string().min(1).max(64).optional(),
  /** A reason code of a decision, or the code of a refusal or failure. */
  code: z.string().min(1).max(64).optional(),
  /** As the endpoint names it, version included. */
  model: z.string().min(1).max(128).optional(),
  prompt: nameSchema.optional(),
  prompt_version: z.string().min(1).max(128).optional(),
  proposal: idSchema('proposal').optional(),
  approval: idSchema('approval').optional(),
  policy_version: digestSchema.optional(),
  release: digestSchema.optional(),
  /** Records of this time or later. */
  since: z.iso.datetime().optional(),
  /** Records before this time. */
  until: z.iso.datetime().optional(),
  /** Words that all stand in the payload; a phrase in double quotes; `-word` for one that must not. */
  words: z.string().min(1).max(400).optional(),
});
export type AuditFilter = z.input<typeof auditFilterSchema>;

/** Orders of a search: by a column, `-` for descending. */
const SORTED = ['time', 'actor', ...SORT_COLUMNS.filter((name) => name !== 'actor_id')] as const;
export const SORTS = SORTED.flatMap((name) => [name, `-${name}`] as const);

export const auditQuerySchema = auditFilterSchema.extend({
  /** The `next` of the page before. */
  after: z.int().min(0).optional(),
  limit: z.int().min(1).max(500).default(50),
  order: z.enum(['newest', 'oldest']).default('newest'),
  /**
   * `time` is oldest first and `-time` newest first. Any other is carried by an index, and so goes with bounds of time, or
   * within one run, proposal or approval, and with no other filter.
   */
  sort: z.enum(SORTS).optional(),
  /** Any of these types. */
  types: z.array(z.enum(RECORD_TYPE_NAMES)).min(1).optional(),
  /** Only records of these workflows: what the reader may see. */
  workflows: z.array(nameSchema).optional(),
});
export type AuditQuery = z.input<typeof auditQuerySchema>;

export interface AuditPage {
  readonly records: AuditRecord[];
  /** Pass as `after` for the page that follows; `null` where there is none. */
  readonly next: number | null;
}

/** One page of the records that a filter selects. Throws `bad_request` for a filter that is not one. */
export async function searchRecords(
  store: AuditReader,
  keys: Pick<KeyStore, 'marks'>,
  log: string,
  query: AuditQuery,
  words: WordTokens,
): Promise<AuditPage> {
  const search = toStoreSearch(query, words);
  const found = await store.search(log, { ...search, limit: search.limit + 1 });
  const page = found.slice(0, search.limit);
  return { records: await toRecords(page, keys), next: found.length > search.limit ? page.at(-1)!.index : null };
}

export function toStoreSearch(query: AuditQuery, tokens: WordTokens): StoreSearch {
  const parsed = auditQuerySchema.safeParse(query);
  if (!parsed.success)
    throw new PortreeveError('bad_request', 'The search is malformed.', { errors: fieldErrors(parsed.error) });
  const {
    since,
    until,
    words,
    after,
    limit,
    actor,
    types,
    workflows,
    sort: asked,
    order: plain,
    ...rest
  } = parsed.data;
  const { order, sort } = orderOf(asked, plain);
  const equals = Object.fromEntries(
    Object.entries({ ...rest, actor_id: actor }).filter(([, value]) => value !== undefined),
  );
  if (sort) refuseUnsorted({ equals, words, types, workflows });
  return {
    equals,
    sort,
    types: types ?? null,
    workflows: workflows ?? null,
    since: since === undefined ? null : new Date(since),
    until: until === undefined ? null : new Date(until),
    words: words === undefined ? null : tokens.ofQuery(words),
    after: after ?? null,
    limit,
    order,
  };
}

function orderOf(
  asked: (typeof SORTS)[number] | undefined,
  plain: StoreSearch['order'],
): Pick<StoreSearch, 'order'> & { readonly sort: StoreSort | null } {
  if (asked === undefined) return { order: plain, sort: null };
  const descending = asked.startsWith('-');
  const name = asked.replace(/^-/, '');
  // Time never goes back in a log: its order is that of time.
  if (name === 'time') return { order: descending ? 'newest' : 'oldest', sort: null };
  const column = name === 'actor' ? 'actor_id' : (name as StoreSort['column']);
  return { order: plain, sort: { column, descending } };
}

/** INVARIANT: no search reads more than its page needs: what no index gives in this order is refused. */
function refuseUnsorted(given: {
  readonly equals: object;
  readonly words: string | undefined;
  readonly types: readonly string[] | undefined;
  readonly workflows: readonly string[] | undefined;
}): void {
  const named = Object.keys(given.equals);
  if (named.some((name) => ['run', 'proposal', 'approval'].includes(name))) return;
  if (named.length === 0 && !given.words && !given.types && !given.workflows) return;
  throw new PortreeveError('bad_request', 'No index gives these records in this order.', {
    next: 'Sort by time, or sort what belongs to one run, proposal or approval, or leave the other filters out (bounds of time may stay).',
  });
}

/** Records as they are shown: a payload that cannot be read comes with the record of its erasure. */
export async function toRecords(
  opened: readonly OpenedRecord[],
  keys: Pick<KeyStore, 'marks'>,
): Promise<AuditRecord[]> {
  const gone = opened.flatMap((record) => (record.unread === 'erased' ? record.keys : []));
  const marks = gone.length === 0 ? null : await keys.marks([...new Set(gone)]);
  return opened.map((record) => {
    const key = record.unread === 'erased' ? record.keys.find((id) => marks?.has(id)) : undefined;
    return {
      entry: JSON.parse(record.entry) as RecordEntry,
      payload: toPayload(record),
      erased: key === undefined ? null : marks!.get(key)!,
    };
  });
}

export function toPayload(opened: Pick<OpenedRecord, 'payload'>): RecordPayload | null {
  return opened.payload === null ? null : (JSON.parse(opened.payload) as RecordPayload);
}
