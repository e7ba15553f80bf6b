import type { HistoryAnswers, HistoryStore } from '@portreeve/gate';
import { type ColumnType, sql } from 'kysely';
import type { Database } from './database.ts';

interface ActionHistoryTable {
  key: string;
  proposal: string;
  state: 'taken' | 'succeeded';
  amount: ColumnType<string, number, never>;
  requesters: string[];
  approvers: string[];
  at: ColumnType<Date, string, never>;
  forget_at: ColumnType<Date, string, never>;
}

declare module './tables.ts' {
  interface Tables {
    action_history: ActionHistoryTable;
  }
}

/** Keeps these locks apart from all others: PostgreSQL has a space of pairs beside that of single numbers. */
const LOCK_CLASS = 731;

export function historyStore(database: Database): HistoryStore {
  return {
    async lock(tx, keys) {
      // In one order for everybody, by what is really locked: two keys may share a number.
      await database.send(
        tx,
        sql`
          SELECT pg_advisory_xact_lock(${LOCK_CLASS}::int, number)
          FROM (SELECT DISTINCT hashtext(key) AS number FROM unnest(${[...keys]}::text[]) AS key ORDER BY 1) AS numbers`,
      );
    },

    async read(tx, questions, except) {
      const answers: HistoryAnswers = {};
      for (const { name, key, kind, counts, since } of questions) {
        const rows = (tx ? database.on(tx) : database.read)
          .selectFrom('action_history')
          .where('key', '=', key)
          .where('proposal', '!=', except)
          .where('at', '>', sql<Date>`${since}`)
          .$if(counts === 'succeeded', (query) => query.where('state', '=', 'succeeded'));
        if (kind === 'count' || kind === 'sum') {
          const told = kind === 'count' ? sql<string>`count(*)` : sql<string>`coalesce(sum(amount), 0)`;
          const { value } = await rows.select(told.as('value')).executeTakeFirstOrThrow();
          answers[name] = Number(value);
          // INVARIANT: never a rounded sum; what policy is not told exactly it refuses.
          if (!Number.isSafeInteger(answers[name])) throw new RangeError(`the sum ${name} is not exact any more`);
        } else {
          const people = await rows
            .select(sql<string>`unnest(${sql.ref(kind)})`.as('id'))
            .distinct()
            .execute();
          answers[name] = people.map(({ id }) => id).sort();
        }
      }
      return answers;
    },

    async take(tx, entries) {
      if (entries.length === 0) return;
      const rows = entries.map(({ key, proposal, amount, requesters, approvers, at, forget_at }) => ({
        ...{ key, proposal, amount, at, forget_at, state: 'taken' as const },
        requesters: [...requesters],
        approvers: [...approvers],
      }));
      await database.send(tx, database.on(tx).insertInto('action_history').values(rows));
    },

    async succeed(tx, proposal) {
      const rows = database.on(tx).updateTable('action_history').where('proposal', '=', proposal);
      await database.send(tx, rows.set({ state: 'succeeded' }));
    },

    async release(tx, proposal) {
      await database.send(tx, database.on(tx).deleteFrom('action_history').where('proposal', '=', proposal));
    },

    async forget(now) {
      const { numDeletedRows } = await database.read
        .deleteFrom('action_history')
        .where('forget_at', '<=', sql<Date>`${now}`)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
