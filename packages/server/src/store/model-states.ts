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

/** Milliseconds since the epoch by the database's clock, when the row is read. */
const MILLISECONDS = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8`;

/** A change that waits for its turn. */
interface Change<S> {
  readonly by: (state: S, at: number) => S;
  readonly resolve: (made: { state: S; at: number }) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Shared states of one kind, by the database's clock. A state that this version cannot read is begun anew: it is a
 * measurement and not a record. `time` is for tests, which have a time of their own.
 *
 * Everybody wants the same few rows, so none is locked while this process has other work: the changes that wait here are
 * made together, on what was read, and written where that still stands. Where another process was faster they are made anew.
 */
export function modelStates<S>(
  database: Database,
  { kind, schema, initial, isNews }: StateKind<S>,
  time = MILLISECONDS,
): SharedState<S> {
  const waiting = new Map<string, Change<S>[]>();

  const parse = (text: string | null, at: number): S => {
    if (text === null) return initial(at);
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : initial(at);
  };

  async function read(name: string): Promise<{ text: string | null; at: number }> {
    const { rows } = await sql<{ text: string | null; at: number }>`
      SELECT (SELECT state FROM model_states WHERE kind = ${kind} AND name = ${name}) AS text, ${time} AS at`.execute(
      database.read,
    );
    return rows[0]!;
  }

  /** False where what was read does not stand any more. */
  async function write(name: string, was: string | null, is: string, news: boolean): Promise<boolean> {
    const written =
      was === null
        ? sql`INSERT INTO model_states (kind, name, state) VALUES (${kind}, ${name}, ${is}) ON CONFLICT DO NOTHING RETURNING name`
        : sql`UPDATE model_states SET state = ${is} WHERE kind = ${kind} AND name = ${name} AND state = ${was} RETURNING name`;
    const told = news ? sql`pg_notify(${MODEL_CHANNEL}, ${kind})` : sql`name`;
    const { rows } = await sql`WITH written AS (${written}) SELECT ${told} FROM written`.execute(database.read);
    return rows.length > 0;
  }

  /** Makes these changes, one after the other, and tells each what it made of what the one before it left. */
  async function make(name: string, changes: readonly Change<S>[]): Promise<void> {
    for (;;) {
      const { text, at } = await read(name);
      const before = parse(text, at);
      const answers: (() => void)[] = [];
      let state = before;
      for (const { by, resolve, reject } of changes) {
        try {
          const made = by(state, at);
          state = made;
          answers.push(() => resolve({ state: made, at }));
        } catch (error) {
          answers.push(() => reject(error));
        }
      }
      if (state !== before && !(await write(name, text, JSON.stringify(state), isNews(before, state)))) continue;
      for (const answer of answers) answer();
      return;
    }
  }

  /** One at a time for each name: what comes meanwhile is made together. */
  async function turns(name: string): Promise<void> {
    for (let changes = waiting.get(name)!; changes.length > 0; changes = waiting.get(name)!) {
      waiting.set(name, []);
      await make(name, changes).catch((error: unknown) => {
        for (const { reject } of changes) reject(error);
      });
    }
    waiting.delete(name);
  }

  return {
    change(name, by) {
      const { promise, resolve, reject } = Promise.withResolvers<{ state: S; at: number }>();
      const change = { by, resolve, reject };
      const queue = waiting.get(name);
      if (queue) queue.push(change);
      else {
        waiting.set(name, [change]);
        void turns(name);
      }
      return promise;
    },

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
