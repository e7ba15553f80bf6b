import type { ContextStore, StoredValue } from '@portreeve/context';
import { asId, PortreeveError, type RunId, type Tx } from '@portreeve/contract';
import type { ColumnType, Selectable } from 'kysely';
import type { Sealing } from '../wire-keys.ts';
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

export type Seals = Pick<Sealing, 'texts' | 'of'>;

/** Labelled values in PostgreSQL, their content sealed for those whom their run is about. */
export function contextStore(database: Database, sealing: Seals): ContextStore {
  const sealed = async (id: string, run: RunId, content: string) =>
    sealing.texts.seal(await sealing.of(run), 'runs', `run_values/${id}`, content);

  return {
    async saveValue(tx, value) {
      await database
        .on(tx)
        .insertInto('run_values')
        .values({ ...value, content: await sealed(value.id, value.run, value.content) })
        .execute();
    },

    async loadValue(id) {
      const row = await database.read.selectFrom('run_values').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row) return null;
      const [value] = await openValues(sealing, [row]);
      if (!value) throw new PortreeveError('erased', `The value ${id} has been erased.`);
      return value;
    },

    async shrinkValue(tx, id, { content, clearing, clear_at }) {
      const db = database.on(tx);
      const { run } = await db.selectFrom('run_values').select('run').where('id', '=', id).executeTakeFirstOrThrow();
      await db
        .updateTable('run_values')
        .set({ content: await sealed(id, asId('run', run), content), clearing, clear_at })
        .where('id', '=', id)
        .execute();
    },

    async removeValues(tx, run) {
      await database.on(tx).deleteFrom('run_values').where('run', '=', run).execute();
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
      return openValues(sealing, rows);
    },
  };
}

/** Without those that were erased: they are gone from everything that a run could still do. */
export async function openValues(
  sealing: Pick<Seals, 'texts'>,
  rows: readonly Selectable<RunValuesTable>[],
): Promise<StoredValue[]> {
  const contents = await sealing.texts.open(
    rows.map(({ id, content }) => ({ text: content, binding: `run_values/${id}` })),
  );
  return rows.flatMap((row, i) => (contents[i] === null ? [] : [fromRow({ ...row, content: contents[i]! })]));
}

/** Takes away what runs about a subject hold; its keys go in the same transaction. */
export async function eraseValuesOf(database: Database, tx: Tx, subject: string): Promise<void> {
  await database
    .on(tx)
    .deleteFrom('run_values')
    .where('run', 'in', (from) => from.selectFrom('run_subjects').select('run').where('subject', '=', subject))
    .execute();
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
