import type { ErasedKey, Erasure, ErasureState, ErasureStore, Hold, HoldKind } from '@portreeve/audit';
import { asId, type Purpose } from '@portreeve/contract';
import { type ColumnType, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';
import { KEYS_CHANNEL } from './subject-keys.ts';

type Time = ColumnType<Date, string, string>;
type MaybeTime = ColumnType<Date | null, string | null, string | null>;

interface ErasuresTable {
  id: string;
  subject: string;
  reason: string;
  state: ErasureState;
  requested_by: string;
  requested_at: Time;
  closed_by: string | null;
  closed_at: MaybeTime;
  keys: number | null;
}

interface LegalHoldsTable {
  id: string;
  kind: HoldKind;
  target: string;
  reason: string;
  set_by: string;
  set_at: Time;
  lifted_by: string | null;
  lifted_at: MaybeTime;
}

declare module './tables.ts' {
  interface Tables {
    erasures: ErasuresTable;
    legal_holds: LegalHoldsTable;
  }
}

export function erasureStore(database: Database): ErasureStore {
  return {
    async lockErasing(tx) {
      await sql`SELECT pg_advisory_xact_lock(hashtextextended('portreeve/erasing', 0))`.execute(database.on(tx));
    },

    async insert(tx, erasure) {
      const { numInsertedOrUpdatedRows } = await database
        .on(tx)
        .insertInto('erasures')
        .values(erasure)
        .onConflict((conflict) => conflict.column('subject').where('state', '=', 'requested').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },

    async lock(tx, id) {
      const query = database.on(tx).selectFrom('erasures').selectAll().where('id', '=', id).forUpdate();
      const row = await query.executeTakeFirst();
      return row ? toErasure(row) : null;
    },

    async close(tx, id, close) {
      await database.on(tx).updateTable('erasures').set(close).where('id', '=', id).execute();
    },

    async list({ limit, after }) {
      let query = database.read.selectFrom('erasures').selectAll().orderBy('id', 'desc').limit(limit);
      if (after !== null) query = query.where('id', '<', after);
      return (await query.execute()).map(toErasure);
    },

    async insertHold(tx, hold) {
      await database.on(tx).insertInto('legal_holds').values(hold).execute();
    },

    async lockHold(tx, id) {
      const query = database.on(tx).selectFrom('legal_holds').selectAll().where('id', '=', id).forUpdate();
      const row = await query.executeTakeFirst();
      return row ? toHold(row) : null;
    },

    async liftHold(tx, id, lifted_by, lifted_at) {
      await database.on(tx).updateTable('legal_holds').set({ lifted_by, lifted_at }).where('id', '=', id).execute();
    },

    async holds(all, { limit, after }) {
      let query = database.read.selectFrom('legal_holds').selectAll().orderBy('id', 'desc').limit(limit);
      if (after !== null) query = query.where('id', '<', after);
      if (!all) query = query.where('lifted_at', 'is', null);
      return (await query.execute()).map(toHold);
    },

    async holdsOn(tx, subject) {
      const { rows } = await sql<Selectable<LegalHoldsTable>>`
        SELECT * FROM legal_holds AS h WHERE lifted_at IS NULL AND CASE kind
          WHEN 'subject' THEN target = ${subject}
          WHEN 'workflow' THEN EXISTS (
            SELECT 1 FROM run_subjects AS r WHERE r.subject = ${subject} AND r.workflow = h.target)
          ELSE EXISTS (SELECT 1 FROM subject_keys AS k WHERE k.subject = ${subject} AND k.purpose = h.target)
        END ORDER BY id`.execute(database.on(tx));
      return rows.map(toHold);
    },

    async known(subject) {
      const query = database.read.selectFrom('subject_keys').select('id').where('subject', '=', subject).limit(1);
      return (await query.executeTakeFirst()) !== undefined;
    },

    async takeKeys(tx, subject) {
      const query = database.on(tx).deleteFrom('subject_keys').where('subject', '=', subject);
      return (await query.returning(['id', 'purpose']).execute()).map(toErasedKey);
    },

    async takeExpired(tx, purpose, before, limit) {
      const { rows } = await sql<{ id: string; purpose: string }>`
        DELETE FROM subject_keys WHERE id IN (
          SELECT id FROM subject_keys AS k
          WHERE purpose = ${purpose} AND period < ${before} AND NOT EXISTS (
            SELECT 1 FROM legal_holds AS h WHERE h.lifted_at IS NULL AND CASE h.kind
              WHEN 'subject' THEN h.target = k.subject
              WHEN 'workflow' THEN EXISTS (
                SELECT 1 FROM run_subjects AS r WHERE r.subject = k.subject AND r.workflow = h.target)
              ELSE h.target = k.purpose END)
          ORDER BY period, id LIMIT ${limit})
        RETURNING id, purpose`.execute(database.on(tx));
      return rows.map(toErasedKey);
    },

    async mark(tx, keys, { cause, time, record }) {
      await sql`
        INSERT INTO erased_keys (id, cause, time, record)
        SELECT id, ${cause}, ${time}::timestamptz, ${record} FROM unnest(${[...keys]}::text[]) AS id
      `.execute(database.on(tx));
      await sql`SELECT pg_notify(${KEYS_CHANNEL}, '')`.execute(database.on(tx));
    },

    async takeReturned(tx, keys) {
      const { rows } = await sql<{ id: string }>`
        DELETE FROM subject_keys
        WHERE id = ANY (${[...keys]}::text[]) OR id IN (SELECT id FROM erased_keys)
        RETURNING id`.execute(database.on(tx));
      return rows.map(({ id }) => asId('key', id));
    },
  };
}

function toErasure(row: Selectable<ErasuresTable>): Erasure {
  return {
    ...row,
    id: asId('erasure', row.id),
    requested_at: row.requested_at.toISOString(),
    closed_at: row.closed_at?.toISOString() ?? null,
  };
}

function toHold(row: Selectable<LegalHoldsTable>): Hold {
  return {
    ...row,
    id: asId('hold', row.id),
    set_at: row.set_at.toISOString(),
    lifted_at: row.lifted_at?.toISOString() ?? null,
  };
}

function toErasedKey({ id, purpose }: { id: string; purpose: string }): ErasedKey {
  return { id: asId('key', id), purpose: purpose as Purpose };
}
