import type { SearchValues, StoredRecord, StoreSearch } from '@portreeve/audit';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { sortedBy } from './audit-sort.ts';
import { BLOCK_BITS, blockTerm, termsAsked } from './audit-terms.ts';
import type { Tables } from './tables.ts';

/** Names of one run, one proposal, one approval: a few hundred records at the most. */
const IDS = ['run', 'proposal', 'approval'] as const;
/** Columns whose index gives the newest records of one value, or of a pair. None: the primary key. */
const ORDERED: readonly (readonly Exclude<keyof SearchValues, 'code'>[])[] = [
  [],
  ...(['type', 'actor_id', 'agent', 'outcome', 'workflow', 'tool', 'model', 'policy_version', 'release'] as const).map(
    (name) => [name],
  ),
  ['prompt', 'prompt_version'],
];

/** From `low` up to and without `high`. */
interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * The indexes that a search selects, in its order. Each of the three ways has a bound on what it reads that does not
 * depend on what the planner believes of the values:
 * - one value: its index, from the end, until the page is full;
 * - an id of a run, a proposal or an approval: all of its records, and then the rest of the filter;
 * - anything else: the words' index, block by block from the end, so that a common combination is found in the first
 *   and a rare one costs no more than its few records.
 */
export async function searchIndexes(db: Kysely<Tables>, log: string, search: StoreSearch): Promise<number[]> {
  const range = await rangeOf(db, log, search);
  if (range.low >= range.high) return [];
  if (search.sort) return sortedBy(db, log, search, search.sort, within(log, range), queryOf(search));
  const id = IDS.find((name) => search.equals[name] !== undefined);
  if (id) return ofId(db, log, search, range, id);
  const named = Object.keys(search.equals) as (keyof SearchValues)[];
  const plain = search.words === null && search.types === null && search.workflows === null;
  const ordered = ORDERED.find(
    (columns) => columns.length === named.length && columns.every((name) => named.includes(name)),
  );
  if (plain && ordered) return newestOf(db, log, search, range, ordered);
  return byBlocks(db, log, search, range);
}

/** Time never goes back in a log, so bounds of time are bounds of the index. */
async function rangeOf(db: Kysely<Tables>, log: string, search: StoreSearch): Promise<Range> {
  const newest = search.order === 'newest';
  const first = async (time: Date) => {
    const { rows } = await sql<{ index: string }>`
      SELECT index FROM audit_index WHERE log = ${log} AND time >= ${time} ORDER BY time, index LIMIT 1`.execute(db);
    return rows[0] ? Number(rows[0].index) : null;
  };
  const { rows } = await sql<{ index: string }>`
    SELECT index FROM audit_index WHERE log = ${log} ORDER BY index DESC LIMIT 1`.execute(db);
  const size = rows[0] ? Number(rows[0].index) + 1 : 0;
  const since = search.since ? ((await first(search.since)) ?? size) : 0;
  const until = search.until ? ((await first(search.until)) ?? size) : size;
  // Sorted otherwise, the last record of the page before is no bound of the index.
  const after = search.sort ? null : search.after;
  return {
    low: Math.max(since, after !== null && !newest ? after + 1 : 0),
    high: Math.min(until, after !== null && newest ? after : size),
  };
}

const within = (log: string, { low, high }: Range) =>
  sql`log = ${log} AND index >= ${String(low)}::bigint AND index < ${String(high)}::bigint`;

async function newestOf(
  db: Kysely<Tables>,
  log: string,
  search: StoreSearch,
  range: Range,
  columns: (typeof ORDERED)[number],
): Promise<number[]> {
  const newest = search.order === 'newest';
  const direction = newest === (columns.length === 0) ? sql`DESC` : sql`ASC`;
  const equal = columns.map((name) => sql`AND ${sql.ref(name)} = ${search.equals[name]}`);
  // The condition of a partial index, said again so that the planner sees that it holds.
  if (columns.includes('outcome')) equal.push(sql`AND outcome <> ''`);
  if (columns.length > 0) equal.push(sql`AND -index <= ${-range.low} AND -index > ${-range.high}`);
  return indexesOf(
    db,
    sql`SELECT index FROM audit_index WHERE ${within(log, range)} ${sql.join(equal, sql` `)}
      ORDER BY ${columns.length > 0 ? sql`-index` : sql`index`} ${direction} LIMIT ${search.limit}`,
  );
}

async function ofId(
  db: Kysely<Tables>,
  log: string,
  search: StoreSearch,
  range: Range,
  id: (typeof IDS)[number],
): Promise<number[]> {
  const query = queryOf(search);
  const others = IDS.filter((name) => name !== id && search.equals[name] !== undefined);
  return indexesOf(
    db,
    sql`WITH own AS MATERIALIZED (
        SELECT index, words, run, proposal, approval FROM audit_index
        WHERE ${within(log, range)} AND ${sql.ref(id)} = ${search.equals[id]}
      )
      SELECT index FROM own WHERE true ${query ? sql`AND words @@ ${query}` : sql``}
      ${sql.join(
        others.map((name) => sql`AND ${sql.ref(name)} = ${search.equals[name]}`),
        sql` `,
      )}
      ORDER BY index ${search.order === 'newest' ? sql`DESC` : sql`ASC`} LIMIT ${search.limit}`,
  );
}

async function byBlocks(db: Kysely<Tables>, log: string, search: StoreSearch, range: Range): Promise<number[]> {
  const newest = search.order === 'newest';
  const query = queryOf(search);
  const found: number[] = [];
  for (const { bits, blocks } of blocksOf(range, newest)) {
    const at = blocks.map((block) => blockTerm(bits, block)).join(' | ');
    const part = {
      low: Math.max(range.low, Math.min(...blocks) * 2 ** bits),
      high: Math.min(range.high, (Math.max(...blocks) + 1) * 2 ** bits),
    };
    // "+ 0": no index gives this order, so the planner has no reason to walk the primary key instead.
    const page = await indexesOf(
      db,
      sql`SELECT index FROM audit_index
        WHERE ${within(log, part)} AND words @@ (${at}::tsquery ${query ? sql`&& ${query}` : sql``})
        ORDER BY index + 0 ${newest ? sql`DESC` : sql`ASC`} LIMIT ${search.limit - found.length}`,
    );
    found.push(...page);
    if (found.length >= search.limit) break;
  }
  return found;
}

function queryOf(search: StoreSearch): RawBuilder<unknown> | null {
  const terms = termsAsked(search);
  const words = search.words === null ? null : sql`websearch_to_tsquery('simple', ${search.words})`;
  if (terms === null) return words;
  return words ? sql`(${terms}::tsquery && ${words})` : sql`${terms}::tsquery`;
}

/**
 * The blocks that cover a range, from the end where the search begins: the block of 2^13 records there, the others in
 * its block of 2^16, and so on, and then the largest one by one.
 */
export function* blocksOf(
  range: Range,
  newest: boolean,
): Generator<{ readonly bits: number; readonly blocks: readonly number[] }> {
  const [smallest, ...larger] = BLOCK_BITS;
  const blockAt = (index: number, bits: number) => Math.floor(index / 2 ** bits);
  let { low, high } = range;
  const take = (bits: number, block: number) => {
    if (newest) high = block * 2 ** bits;
    else low = (block + 1) * 2 ** bits;
  };
  const edge = () => (newest ? high - 1 : low);
  const first = blockAt(edge(), smallest);
  yield { bits: smallest, blocks: [first] };
  take(smallest, first);
  let bits: number = smallest;
  for (const next of larger) {
    const blocks: number[] = [];
    // Up to the border of the next larger block, or none where the edge stands on it.
    while (low < high && (newest ? high : low) % 2 ** next !== 0) {
      const block = blockAt(edge(), bits);
      blocks.push(block);
      take(bits, block);
    }
    if (blocks.length > 0) yield { bits, blocks };
    bits = next;
  }
  while (low < high) {
    const block = blockAt(edge(), bits);
    yield { bits, blocks: [block] };
    take(bits, block);
  }
}

async function indexesOf(db: Kysely<Tables>, query: RawBuilder<unknown>): Promise<number[]> {
  const { rows } = await (query as RawBuilder<{ index: string }>).execute(db);
  return rows.map(({ index }) => Number(index));
}

/** The records themselves, in the order of `indexes`. */
export async function recordsAt(db: Kysely<Tables>, log: string, indexes: readonly number[]): Promise<StoredRecord[]> {
  if (indexes.length === 0) return [];
  const { rows } = await sql<{ index: string; entry: string; payload: string | null }>`
    SELECT index, entry, payload FROM audit_records
    WHERE log = ${log} AND index = ANY (${indexes.map(String)}::bigint[])`.execute(db);
  const byIndex = new Map(rows.map((row) => [Number(row.index), row]));
  return indexes.flatMap((index) => {
    const row = byIndex.get(index);
    return row ? [{ index, entry: row.entry, payload: row.payload }] : [];
  });
}
