import {
  asId,
  canonicalJson,
  type JsonObject,
  PortreeveError,
  type Tx,
  type UndoState,
  type UnwindState,
} from '@portreeve/contract';
import type { StoredUndo, StoredUnwinding, UndoStore, UnwindingStore } from '@portreeve/gate';
import type { Database } from './database.ts';
import type { Seals } from './values.ts';

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

/** What is sealed is no JSON text; what is one was written before bodies were sealed. */
const isPlain = (body: string): boolean => body.startsWith('{');

/** Bodies of one table, opened; null for one that was erased. */
async function opened<T>(
  { texts }: Seals,
  rows: readonly { readonly binding: string; readonly body: string }[],
): Promise<(T | null)[]> {
  const sealed = rows.filter(({ body }) => !isPlain(body));
  const plain = await texts.open(sealed.map(({ binding, body }) => ({ text: body, binding })));
  const textByBinding = new Map(sealed.map(({ binding }, i) => [binding, plain[i] ?? null]));
  return rows.map(({ binding, body }) => {
    const text = isPlain(body) ? body : (textByBinding.get(binding) ?? null);
    return text === null ? null : (JSON.parse(text) as T);
  });
}

async function openedOne<T>(
  sealing: Seals,
  what: string,
  row: { readonly binding: string; readonly body: string } | undefined,
): Promise<T | null> {
  if (!row) return null;
  const [found] = await opened<T>(sealing, [row]);
  if (!found) throw new PortreeveError('erased', `${what} has been erased.`);
  return found;
}

const boundUndo = ({ proposal, body }: { proposal: string; body: string }) => ({ binding: `undos/${proposal}`, body });
const boundUnwinding = ({ run, body }: { run: string; body: string }) => ({ binding: `unwindings/${run}`, body });

/** Undos in PostgreSQL, sealed for those whom the effect was about. */
export function undoStore(database: Database, sealing: Seals): UndoStore {
  const sealed = async (tx: Tx, undo: StoredUndo): Promise<string> => {
    const query = database.on(tx).selectFrom('proposals').select(['run', 'principals']);
    const { run, principals } = await query.where('id', '=', undo.proposal).executeTakeFirstOrThrow();
    const subjects = await sealing.of(run === null ? null : asId('run', run), ...principals.slice(0, 1));
    return sealing.texts.seal(subjects, 'runs', `undos/${undo.proposal}`, textOf(undo));
  };
  return {
    async get(proposal) {
      const row = await database.read
        .selectFrom('undos')
        .select(['proposal', 'body'])
        .where('proposal', '=', proposal)
        .executeTakeFirst();
      return openedOne(sealing, `The undo of ${proposal}`, row && boundUndo(row));
    },

    async move(tx, from, undo) {
      const { proposal, state, by_proposal } = undo;
      const values = { state, by_proposal, body: await sealed(tx, undo) };
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
        .select(['undos.proposal', 'undos.body'])
        .where((where) =>
          where.or([
            where('undos.state', '=', 'requested'),
            where.and([where('undos.state', '=', 'unknown'), where('proposals.state', '<>', 'unknown')]),
          ]),
        )
        .orderBy('undos.proposal')
        .limit(limit)
        .execute();
      return (await opened<StoredUndo>(sealing, rows.map(boundUndo))).filter((undo) => undo !== null);
    },
  };
}

/** Unwindings in PostgreSQL, sealed for those whom the run is about. */
export function unwindingStore(database: Database, sealing: Seals): UnwindingStore {
  const columns = ['run', 'body'] as const;
  return {
    async get(run) {
      const query = database.read.selectFrom('unwindings').select(columns).where('run', '=', run);
      const row = await query.executeTakeFirst();
      return openedOne(sealing, `The unwinding of ${run}`, row && boundUnwinding(row));
    },

    async move(tx, from, to) {
      const subjects = await sealing.of(to.run);
      const body = await sealing.texts.seal(subjects, 'runs', `unwindings/${to.run}`, textOf(to));
      const values = { state: to.state, body };
      if (from === null) {
        const inserted = await database
          .on(tx)
          .insertInto('unwindings')
          .values({ run: asId('run', to.run), ...values })
          .onConflict((conflict) => conflict.column('run').doNothing())
          .executeTakeFirst();
        return inserted.numInsertedOrUpdatedRows === 1n;
      }
      // Under the lock of the row: of any number that compare and set at once, one finds what it looked for.
      const db = database.on(tx);
      const locked = db.selectFrom('unwindings').select(columns).where('run', '=', to.run).forUpdate();
      const row = await locked.executeTakeFirst();
      const [now = null] = row ? await opened<StoredUnwinding>(sealing, [boundUnwinding(row)]) : [];
      if (now === null || textOf(now) !== textOf(from)) return false;
      await db.updateTable('unwindings').set(values).where('run', '=', to.run).execute();
      return true;
    },

    async open(limit) {
      const rows = await database.read
        .selectFrom('unwindings')
        .select(columns)
        .where('state', '=', 'unwinding')
        .orderBy('run')
        .limit(limit)
        .execute();
      return (await opened<StoredUnwinding>(sealing, rows.map(boundUnwinding))).filter((each) => each !== null);
    },
  };
}
