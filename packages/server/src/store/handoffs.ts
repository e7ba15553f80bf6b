import { canonicalJson, type Handoff, handoffSchema } from '@portreeve/contract';
import type { HandoffStore } from '@portreeve/gate';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

interface HandoffsTable {
  id: string;
  kind: string;
  state: string;
  run: string | null;
  body: string;
  closed_at: ColumnType<Date | null, string | null, string | null>;
}

declare module './tables.ts' {
  interface Tables {
    handoffs: HandoffsTable;
  }
}

export function handoffStore(database: Database): HandoffStore {
  return {
    async insert(tx, handoff) {
      await database
        .on(tx)
        .insertInto('handoffs')
        .values({
          id: handoff.id,
          kind: handoff.kind,
          state: handoff.state,
          run: handoff.run,
          body: canonicalJson(handoff),
          closed_at: handoff.closed_at,
        })
        .execute();
    },

    async get(id) {
      const row = await database.read.selectFrom('handoffs').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async close(tx, id, at) {
      const closed = await database
        .on(tx)
        .updateTable('handoffs')
        .set({ state: 'done', closed_at: at })
        .where('id', '=', id)
        .where('state', '=', 'open')
        .executeTakeFirst();
      return closed.numUpdatedRows === 1n;
    },

    async list(filter) {
      let query = database.read
        .selectFrom('handoffs')
        .selectAll()
        .orderBy('id')
        .limit(filter.limit ?? 100);
      if (filter.state) query = query.where('state', '=', filter.state);
      if (filter.run) query = query.where('run', '=', filter.run);
      if (filter.after) query = query.where('id', '>', filter.after);
      return (await query.execute()).map(fromRow);
    },
  };
}

function fromRow(row: Selectable<HandoffsTable>): Handoff {
  return handoffSchema.parse({
    ...(JSON.parse(row.body) as object),
    state: row.state,
    closed_at: row.closed_at?.toISOString() ?? null,
  });
}
