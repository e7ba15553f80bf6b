import { randomBytes } from 'node:crypto';
import { type Json, PortreeveError } from '@portreeve/contract';
import { type ColumnType, type Generated, sql } from 'kysely';
import type { Database } from './database.ts';
import { sealedAsks } from './sealed-asks.ts';
import type { Seals } from './values.ts';

/** What an api in another process asks of a gatekeeper. */
export interface FaceAsk {
  readonly id: string;
  /** For whom; null: for the house. */
  readonly principal: string | null;
  /** As it came: nothing of it is known to be well formed. */
  readonly body: unknown;
}

/** Where a question stands: `open` while nobody has taken it. */
export type FaceStanding =
  | { readonly state: 'open' }
  | { readonly state: 'taken'; readonly alive: boolean }
  | { readonly state: 'answered'; readonly answer: unknown };

/** For the api. */
export interface FaceAskStore {
  ask(principal: string | null, body: Json): Promise<string>;
  look(id: string): Promise<FaceStanding>;
  /** True where it was taken back before anybody had taken it: nothing of it will be done. */
  takeBack(id: string): Promise<boolean>;
  remove(id: string): Promise<void>;
}

/** For the gatekeeper. */
export interface FaceAnswerStore {
  /** Takes what nobody has ever taken, oldest first: of any number of processes, one gets each, once. */
  take(instance: string, limit: number): Promise<FaceAsk[]>;
  answer(ask: Pick<FaceAsk, 'id' | 'principal'>, answer: Json): Promise<void>;
  /** Removes what was asked before, and nobody has come for. */
  tidy(before: Date): Promise<void>;
}

export const FACE_ASKED_CHANNEL = 'portreeve_face_asked';
/** Its payload is the id of what was answered. */
export const FACE_ANSWERED_CHANNEL = 'portreeve_face_answered';

interface FaceAsksTable {
  id: string;
  principal: string | null;
  body: string;
  asked_at: ColumnType<Date, never, never>;
  taken_by: Generated<string | null>;
  answer: Generated<string | null>;
}

declare module './tables.ts' {
  interface Tables {
    face_asks: FaceAsksTable;
  }
}

export function faceAskStore(database: Database, sealing: Seals): FaceAskStore {
  const { seal, open } = sealedAsks(sealing, 'face_asks');
  return {
    async ask(principal, body) {
      const id = `ask_${randomBytes(16).toString('hex')}`;
      const sealed = await seal('body', id, { principal }, body);
      await database.read.insertInto('face_asks').values({ id, principal, body: sealed }).execute();
      await sql`SELECT pg_notify(${FACE_ASKED_CHANNEL}, '')`.execute(database.read);
      return id;
    },
    async look(id) {
      const { rows } = await sql<{ taken_by: string | null; answer: string | null; alive: boolean }>`
        SELECT taken_by, answer, EXISTS (
          SELECT 1 FROM executor_leases WHERE executor = face_asks.taken_by AND until > now()
        ) AS alive FROM face_asks WHERE id = ${id}`.execute(database.read);
      const [row] = rows;
      if (!row) throw new PortreeveError('unavailable', 'What was asked of the gatekeeper is not there any more.');
      if (row.answer !== null) return { state: 'answered', answer: await open('answer', id, row.answer) };
      return row.taken_by === null ? { state: 'open' } : { state: 'taken', alive: row.alive };
    },
    async takeBack(id) {
      const gone = await database.read
        .deleteFrom('face_asks')
        .where('id', '=', id)
        .where('taken_by', 'is', null)
        .executeTakeFirst();
      return gone.numDeletedRows > 0n;
    },
    async remove(id) {
      await database.read.deleteFrom('face_asks').where('id', '=', id).execute();
    },
  };
}

export function faceAnswerStore(database: Database, sealing: Seals): FaceAnswerStore {
  const { seal, open } = sealedAsks(sealing, 'face_asks');
  return {
    async take(instance, limit) {
      const { rows } = await sql<{ id: string; principal: string | null; body: string }>`
        WITH due AS (
          SELECT id FROM face_asks WHERE taken_by IS NULL ORDER BY asked_at FOR UPDATE SKIP LOCKED LIMIT ${limit}
        )
        UPDATE face_asks SET taken_by = ${instance} FROM due WHERE face_asks.id = due.id
        RETURNING face_asks.id, face_asks.principal, face_asks.body`.execute(database.read);
      return Promise.all(
        rows.map(async ({ id, principal, body }) => ({
          ...{ id, principal },
          // What cannot be opened is no question, and is answered as that.
          body: await open('body', id, body).catch(() => null),
        })),
      );
    },
    async answer({ id, principal }, answer) {
      const sealed = await seal('answer', id, { principal }, answer);
      await database.read
        .updateTable('face_asks')
        .set({ answer: sealed })
        .where('id', '=', id)
        .where('answer', 'is', null)
        .execute();
      await sql`SELECT pg_notify(${FACE_ANSWERED_CHANNEL}, ${id})`.execute(database.read);
    },
    async tidy(before) {
      await database.read.deleteFrom('face_asks').where('asked_at', '<', before).execute();
    },
  };
}
