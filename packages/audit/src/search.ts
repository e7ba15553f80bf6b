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
import type { StoreSearch } from './ports.ts';
import type { AuditReader } from './reader.ts';

/** What records can be searched by (requirement G4). All that is given must hold. */
export const auditFilterSchema = z.strictObject({
  run: idSchema('run').optional(),
  workflow: nameSchema.optional(),
  type: z.enum(RECORD_TYPE_NAMES).optional(),
  /** The id of the principal, `system` or `anonymous`. */
  actor: z.string().min(1).max(128).optional(),
  tool: nameSchema.optional(),
  outcome: z.string().min(1).max(64).optional(),
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

export const auditQuerySchema = auditFilterSchema.extend({
  /** The `next` of the page before. */
  after: z.int().min(0).optional(),
  limit: z.int().min(1).max(500).default(50),
  order: z.enum(['newest', 'oldest']).default('newest'),
  /** Any of these types. */
  types: z.array(z.enum(RECORD_TYPE_NAMES)).min(1).optional(),
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
  const { since, until, words, after, limit, order, actor, types, ...rest } = parsed.data;
  const equals = Object.fromEntries(
    Object.entries({ ...rest, actor_id: actor }).filter(([, value]) => value !== undefined),
  );
  return {
    equals,
    types: types ?? null,
    since: since === undefined ? null : new Date(since),
    until: until === undefined ? null : new Date(until),
    words: words === undefined ? null : tokens.ofQuery(words),
    after: after ?? null,
    limit,
    order,
  };
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
