import { canonicalJson, type Handoff, handoffSchema, PortreeveError } from '@portreeve/contract';
import type { HandoffStore } from '@portreeve/gate';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';
import type { Seals } from './values.ts';

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

/** Hand-offs in PostgreSQL, sealed for those whom their run is about. */
export function handoffStore(database: Database, sealing: Seals): HandoffStore {
  const opened = async (rows: readonly Selectable<HandoffsTable>[]): Promise<Handoff[]> => {
    const texts = await sealing.texts.open(rows.map(({ id, body }) => ({ text: body, binding: `handoffs/${id}` })));
    // Nothing is left that a person could finish.
    return rows.flatMap((row, i) => (texts[i] === null ? [] : [fromRow({ ...row, body: texts[i]! })]));
  };
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
          body: await sealing.texts.seal(
            await sealing.of(handoff.run),
            'runs',
            `handoffs/${handoff.id}`,
            canonicalJson(handoff),
          ),
          closed_at: handoff.closed_at,
        })
        .execute();
    },

    async get(id) {
      const row = await database.read.selectFrom('handoffs').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row) return null;
      const [handoff] = await opened([row]);
      if (!handoff) throw new PortreeveError('erased', `The hand-off ${id} has been erased.`);
      return handoff;
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
      return opened(await query.execute());
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
