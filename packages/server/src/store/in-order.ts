import type { ListOrder } from '@portreeve/contract';
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * A page of a table in an order, ids breaking ties, behind the row of an id. A row that moves meanwhile, because what it is
 * ordered by changes, may be given twice or not at all; by `id` that cannot be.
 */
export function inOrder<Table extends keyof Tables & string, Row>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  table: Table,
  page: {
    readonly order?: ListOrder<string> | undefined;
    readonly after?: string | null | undefined;
    readonly limit: number;
  },
): SelectQueryBuilder<Tables, Table, Row> {
  const { by, descending } = page.order ?? { by: 'id', descending: false };
  const [way, beyond] = descending ? ([sql`DESC`, sql`<`] as const) : ([sql`ASC`, sql`>`] as const);
  const column = sql.ref(`${table}.${by}`);
  const place: RawBuilder<unknown> = by === 'id' ? sql`(${column})` : sql`(${column}, ${sql.ref(`${table}.id`)})`;
  const rest = sql.ref(`last.${by}`);
  const last =
    by === 'id'
      ? sql`${page.after}`
      : sql`(SELECT ${rest}, last.id FROM ${sql.table(table)} last WHERE last.id = ${page.after})`;
  const behind = page.after == null ? query : query.where(sql<boolean>`${place} ${beyond} ${last}`);
  const order = by === 'id' ? sql`${column} ${way}` : sql`${column} ${way}, ${sql.ref(`${table}.id`)} ${way}`;
  return behind.orderBy(order).limit(page.limit);
}
