import { asId, canonicalJson, type JsonObject, type UndoState, type UnwindState } from '@portreeve/contract';
import type { StoredUndo, StoredUnwinding, UndoStore, UnwindingStore } from '@portreeve/gate';
import type { Database } from './database.ts';

interface UndosTable {
  proposal: string;
  state: Exclude<UndoState, 'none'>;
  by_proposal: string | null;
  body: string;
}

interface UnwindingsTable {
  run: string;
  state: Exclude<UnwindState, 'none'>;
  body: string;
}

declare module './tables.ts' {
  interface Tables {
    undos: UndosTable;
    unwindings: UnwindingsTable;
  }
}

/** The text that is stored, and that a compare-and-set compares: one text for one value. */
const textOf = (row: StoredUndo | StoredUnwinding): string =>
  canonicalJson(JSON.parse(JSON.stringify(row)) as JsonObject);

export function undoStore(database: Database): UndoStore {
  return {
    async get(proposal) {
      const row = await database.read
        .selectFrom('undos')
        .select('body')
        .where('proposal', '=', proposal)
        .executeTakeFirst();
      return row ? (JSON.parse(row.body) as StoredUndo) : null;
    },

    async move(tx, from, undo) {
      const { proposal, state, by_proposal } = undo;
      const values = { state, by_proposal, body: textOf(undo) };
      if (from === 'none') {
        const inserted = await database
          .on(tx)
          .insertInto('undos')
          .values({ proposal, ...values })
          .onConflict((conflict) => conflict.column('proposal').doNothing())
          .executeTakeFirst();
        return inserted.numInsertedOrUpdatedRows === 1n;
      }
      const updated = await database
        .on(tx)
        .updateTable('undos')
        .set(values)
        .where('proposal', '=', proposal)
        .where('state', '=', from)
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },

    async open(limit) {
      const rows = await database.read
        .selectFrom('undos')
        .leftJoin('proposals', 'proposals.id', 'undos.by_proposal')
        .select('undos.body')
        .where((where) =>
          where.or([
            where('undos.state', '=', 'requested'),
            where.and([where('undos.state', '=', 'unknown'), where('proposals.state', '<>', 'unknown')]),
          ]),
        )
        .orderBy('undos.proposal')
        .limit(limit)
        .execute();
      return rows.map(({ body }) => JSON.parse(body) as StoredUndo);
    },
  };
}

export function unwindingStore(database: Database): UnwindingStore {
  return {
    async get(run) {
      const row = await database.read.selectFrom('unwindings').select('body').where('run', '=', run).executeTakeFirst();
      return row ? (JSON.parse(row.body) as StoredUnwinding) : null;
    },

    async move(tx, from, to) {
      const values = { state: to.state, body: textOf(to) };
      if (from === null) {
        const inserted = await database
          .on(tx)
          .insertInto('unwindings')
          .values({ run: asId('run', to.run), ...values })
          .onConflict((conflict) => conflict.column('run').doNothing())
          .executeTakeFirst();
        return inserted.numInsertedOrUpdatedRows === 1n;
      }
      const updated = await database
        .on(tx)
        .updateTable('unwindings')
        .set(values)
        .where('run', '=', to.run)
        .where('body', '=', textOf(from))
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },

    async open(limit) {
      const rows = await database.read
        .selectFrom('unwindings')
        .select('body')
        .where('state', '=', 'unwinding')
        .orderBy('run')
        .limit(limit)
        .execute();
      return rows.map(({ body }) => JSON.parse(body) as StoredUnwinding);
    },
  };
}
