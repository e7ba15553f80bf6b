import type { StoreSearch, StoreSort } from '@portreeve/audit';
import { PortreeveError } from '@portreeve/contract';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * A page in the order of a column. Its index gives that order, `(log, column, -index)`, so that a page costs what it holds;
 * a run, a proposal or an approval has a few hundred records, which are sorted. `within`: the log and the bounds of time; `query`: what else is
 * asked, looked at in each of the few.
 */
export async function sortedBy(
  db: Kysely<Tables>,
  log: string,
  search: StoreSearch,
  { column, descending }: StoreSort,
  within: RawBuilder<unknown>,
  query: RawBuilder<unknown> | null,
): Promise<number[]> {
  const name = sql.ref(column);
  const begin = search.after === null ? null : await placeOf(db, log, search.after, column);
  const beyond = descending ? sql`<` : sql`>`;
  // What the index is partial by is said again, so that the planner sees that it holds.
  const present = sql`${name} IS NOT NULL ${column === 'outcome' ? sql`AND outcome <> ''` : sql``}`;
  const own = (['run', 'proposal', 'approval'] as const).flatMap((id) =>
    search.equals[id] === undefined ? [] : [sql`AND ${sql.ref(id)} = ${search.equals[id]}`],
  );
  const rest = [...own, ...(query ? [sql`AND words @@ ${query}`] : [])];
  const { rows } = await sql<{ index: string }>`
    SELECT index FROM audit_index WHERE ${within} AND ${present}
      ${begin === null ? sql`` : sql`AND (${name}, -index) ${beyond} (${begin.value}, ${-begin.index})`}
      ${rest.length === 0 ? sql`` : sql.join(rest, sql` `)}
    ORDER BY ${name} ${descending ? sql`DESC` : sql`ASC`}, -index ${descending ? sql`DESC` : sql`ASC`}
    LIMIT ${search.limit}`.execute(db);
  return rows.map(({ index }) => Number(index));
}

/** Where the page before ended: the value there does not change, since nothing in the log does. */
async function placeOf(db: Kysely<Tables>, log: string, index: number, column: StoreSort['column']) {
  const { rows } = await sql<{ value: string | null }>`
    SELECT ${sql.ref(column)} AS value FROM audit_index WHERE log = ${log} AND index = ${String(index)}::bigint`.execute(
    db,
  );
  const value = rows[0]?.value ?? null;
  if (value === null)
    throw new PortreeveError('bad_request', `No page of this search ended with the record ${index}.`, {
      next: 'Pass the `next` of the page before, with the same sort; begin anew where old records were detached since.',
    });
  return { value, index };
}
