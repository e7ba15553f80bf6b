import type { Reveal, RevealState, RevealStore } from '@portreeve/audit';
import { asId, type RunId } from '@portreeve/contract';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

type Time = ColumnType<Date, string, string>;

interface RevealsTable {
  id: string;
  mark: string;
  run: string | null;
  reason: string;
  state: RevealState;
  requested_by: string;
  requested_at: Time;
  decided_by: string | null;
  decided_at: ColumnType<Date | null, string | null, string | null>;
  until: Time;
}

declare module './tables.ts' {
  interface Tables {
    reveals: RevealsTable;
  }
}

export function revealStore(database: Database): RevealStore {
  return {
    async insert(tx, reveal) {
      await database.on(tx).insertInto('reveals').values(reveal).execute();
    },

    async lock(tx, id) {
      const query = database.on(tx).selectFrom('reveals').selectAll().where('id', '=', id).forUpdate();
      const row = await query.executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async get(id) {
      const row = await database.read.selectFrom('reveals').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async update(tx, id, { state, decided_by, decided_at, until }) {
      const change = { state, decided_by, decided_at, until };
      await database.on(tx).updateTable('reveals').set(change).where('id', '=', id).execute();
    },

    async list({ limit, after }) {
      let query = database.read.selectFrom('reveals').selectAll().orderBy('id', 'desc').limit(limit);
      if (after !== null) query = query.where('id', '<', after);
      return (await query.execute()).map(fromRow);
    },
  };
}

function fromRow(row: Selectable<RevealsTable>): Reveal {
  return {
    ...row,
    id: asId('reveal', row.id),
    run: row.run as RunId | null,
    requested_at: row.requested_at.toISOString(),
    decided_at: row.decided_at?.toISOString() ?? null,
    until: row.until.toISOString(),
  };
}
