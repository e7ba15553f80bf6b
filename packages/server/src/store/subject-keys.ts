import type { KeyStore, StoredKey } from '@portreeve/audit';
import { asId, type ErasureMark, type Purpose, type Tx } from '@portreeve/contract';
import { type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';

interface SubjectKeysTable {
  id: string;
  subject: string;
  purpose: string;
  period: string;
  root: string;
  wrapped: string;
}

interface ErasedKeysTable {
  id: string;
  cause: ErasureMark['cause'];
  time: Date;
  record: string;
}

interface RunSubjectsTable {
  run: string;
  subject: string;
  workflow: string;
}

declare module './tables.ts' {
  interface Tables {
    subject_keys: SubjectKeysTable;
    erased_keys: ErasedKeysTable;
    run_subjects: RunSubjectsTable;
  }
}

/** Where processes hear that keys were erased. */
export const KEYS_CHANNEL = 'portreeve_keys';

/** Subject keys on PostgreSQL. */
export function subjectKeyStore(database: Database): KeyStore {
  return {
    async insert(key) {
      // On a connection of its own: every one of the pool may be held by a transaction that waits for this very key.
      await database.vital.insertInto('subject_keys').values(key).execute();
    },

    async newest(subject, purpose, period) {
      const row = await database.vital
        .selectFrom('subject_keys')
        .selectAll()
        .where('subject', '=', subject)
        .where('purpose', '=', purpose)
        .where('period', '=', period)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async get(ids) {
      if (ids.length === 0) return [];
      const rows = await database.vital
        .selectFrom('subject_keys')
        .selectAll()
        .where(sql<boolean>`id = ANY (${[...ids]}::text[])`)
        .execute();
      return rows.map(fromRow);
    },

    async marks(ids) {
      if (ids.length === 0) return new Map();
      const rows = await database.vital
        .selectFrom('erased_keys')
        .selectAll()
        .where(sql<boolean>`id = ANY (${[...ids]}::text[])`)
        .execute();
      return new Map(
        rows.map(({ id, cause, time, record }) => [
          asId('key', id),
          { cause, time: time.toISOString(), record: asId('record', record) },
        ]),
      );
    },

    async declare(tx, run, workflow, subjects) {
      await database
        .on(tx)
        .insertInto('run_subjects')
        .values(subjects.map((subject) => ({ run, subject, workflow })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async subjectsOf(run) {
      const rows = await database.vital
        .selectFrom('run_subjects')
        .select('subject')
        .where('run', '=', run)
        .orderBy('subject')
        .execute();
      return rows.map(({ subject }) => subject);
    },

    async wrappedOtherwise(root, limit) {
      const rows = await database.read
        .selectFrom('subject_keys')
        .selectAll()
        .where('root', '<>', root)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },

    async rewrap(keys) {
      const column = (name: 'id' | 'root' | 'wrapped') => keys.map((key) => key[name] as string);
      const { numAffectedRows } = await sql`
        UPDATE subject_keys AS k SET root = n.root, wrapped = n.wrapped
        FROM unnest(${column('id')}::text[], ${column('root')}::text[], ${column('wrapped')}::text[])
          AS n (id, root, wrapped)
        WHERE k.id = n.id`.execute(database.read);
      return Number(numAffectedRows ?? 0);
    },
  };
}

/** Forgets what pseudonyms stood for in the runs that are about a subject. */
export async function erasePseudonymsOf(database: Database, tx: Tx, subject: string): Promise<void> {
  await database
    .on(tx)
    .deleteFrom('pseudonyms')
    .where('scope', 'in', (from) => from.selectFrom('run_subjects').select('run').where('subject', '=', subject))
    .execute();
}

function fromRow(row: Selectable<SubjectKeysTable>): StoredKey {
  return { ...row, id: asId('key', row.id), purpose: row.purpose as Purpose };
}
