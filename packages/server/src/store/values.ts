import type { ContextStore } from '@portreeve/context';
import { asId } from '@portreeve/contract';
import type { ColumnType } from 'kysely';
import type { Database } from './database.ts';

interface RunValuesTable {
  id: string;
  run: string;
  kind: 'evidence' | 'json';
  label: string;
  content: string;
  created_at: ColumnType<Date, string, never>;
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
      if (!row) return null;
      return {
        id: asId('value', row.id),
        run: asId('run', row.run),
        kind: row.kind,
        label: row.label,
        content: row.content,
        created_at: row.created_at.toISOString(),
      };
    },
  };
}
