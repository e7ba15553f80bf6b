import type { SharedState, StateKind } from '@portreeve/model';
import { sql } from 'kysely';
import type { Database } from './database.ts';

interface ModelStatesTable {
  kind: string;
  name: string;
  state: string;
}

declare module './tables.ts' {
  interface Tables {
    model_states: ModelStatesTable;
  }
}

/** Told with the kind of what has changed. */
export const MODEL_CHANNEL = 'portreeve_model';

/** Milliseconds since the epoch by the database's clock, when the row is locked. */
const MILLISECONDS = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8`;

/**
 * Shared states of one kind, by the database's clock. A state that this version cannot read is begun anew: it is a
 * measurement and not a record. `time` is for tests, which have a time of their own.
 */
export function modelStates<S>(
  database: Database,
  { kind, schema, initial, isNews }: StateKind<S>,
  time = MILLISECONDS,
): SharedState<S> {
  const parse = (text: string, at: number): S => {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : initial(at);
  };

  return {
    change: (name, by) =>
      database.transaction(async (tx) => {
        const on = database.on(tx);
        const locked = () =>
          on
            .selectFrom('model_states')
            .select(['state', time.as('at')])
            .where('kind', '=', kind)
            .where('name', '=', name)
            .forUpdate()
            .executeTakeFirst();
        let row = await locked();
        if (!row) {
          const now = await sql<{ at: number }>`SELECT ${time} AS at`.execute(on);
          const state = JSON.stringify(initial(now.rows[0]!.at));
          await on
            .insertInto('model_states')
            .values({ kind, name, state })
            .onConflict((conflict) => conflict.columns(['kind', 'name']).doNothing())
            .execute();
          row = (await locked())!;
        }
        const { at } = row;
        const before = parse(row.state, at);
        const state = by(before, at);
        if (state !== before) {
          await on
            .updateTable('model_states')
            .set({ state: JSON.stringify(state) })
            .where('kind', '=', kind)
            .where('name', '=', name)
            .execute();
          if (isNews(before, state)) await sql`SELECT pg_notify(${MODEL_CHANNEL}, ${kind})`.execute(on);
        }
        return { state, at };
      }),

    async all() {
      const rows = await database.read
        .selectFrom('model_states')
        .select(['name', 'state', time.as('at')])
        .where('kind', '=', kind)
        .execute();
      const at = rows[0]?.at ?? (await sql<{ at: number }>`SELECT ${time} AS at`.execute(database.read)).rows[0]!.at;
      return { states: new Map(rows.map((row) => [row.name, parse(row.state, at)])), at };
    },
  };
}
