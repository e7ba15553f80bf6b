import type { ContextStore, StoredValue } from '@portreeve/context';
import { asId } from '@portreeve/contract';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

interface RunValuesTable {
  id: string;
  run: string;
  kind: 'evidence' | 'json';
  label: string;
  content: string;
  created_at: ColumnType<Date, string, never>;
  clearing: string | null;
  clear_at: ColumnType<Date | null, string | null, string | null>;
}

declare module './tables.ts' {
  interface Tables {
    run_values: RunValuesTable;
  }
}

export function contextStore(database: Database): ContextStore {
  return {
    async saveValue(tx, value) {
      await database
        .on(tx)
        .insertInto('run_values')
        .values({ ...value })
        .execute();
    },

    async loadValue(id) {
      const row = await database.read.selectFrom('run_values').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async shrinkValue(tx, id, { content, clearing, clear_at }) {
      await database
        .on(tx)
        .updateTable('run_values')
        .set({ content, clearing, clear_at })
        .where('id', '=', id)
        .execute();
    },

    async valuesToClear(which) {
      const query = database.read.selectFrom('run_values').selectAll().where('clearing', 'is not', null);
      const rows = await ('run' in which
        ? query.where('run', '=', which.run)
        : query.where('clear_at', '<=', new Date(which.due))
      )
        .orderBy('id')
        .limit(100)
        .execute();
      return rows.map(fromRow);
    },
  };
}

function fromRow(row: Selectable<RunValuesTable>): StoredValue {
  return {
    id: asId('value', row.id),
    run: asId('run', row.run),
    kind: row.kind,
    label: row.label,
    content: row.content,
    created_at: row.created_at.toISOString(),
    clearing: row.clearing,
    clear_at: row.clear_at?.toISOString() ?? null,
  };
}
