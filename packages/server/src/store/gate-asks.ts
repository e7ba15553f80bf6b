import { randomBytes } from 'node:crypto';
import { asId, type JsonObject, PortreeveError, type RunId } from '@portreeve/contract';
import { type ColumnType, type Generated, sql } from 'kysely';
import type { Database } from './database.ts';
import { sealedAsks } from './sealed-asks.ts';
import type { Seals } from './values.ts';

/** What a run in another process asks of the gate. */
export interface GateAsk {
  readonly id: string;
  readonly run: RunId;
  /** As it came: nothing of it is known to be true. */
  readonly body: unknown;
}

/** For who asks. */
export interface AskStore {
  ask(run: RunId, body: JsonObject): Promise<string>;
  /** Undefined while there is none. */
  answerOf(id: string): Promise<unknown>;
  remove(id: string): Promise<void>;
}

/** For who answers. */
export interface AnswerStore {
  /**
   * Takes what nobody alive has taken, oldest first: of any number of processes, one gets each. What this one has taken and
   * does not carry it takes again: the database let it down before it heard, or before it could answer.
   */
  take(instance: string, limit: number, carried: readonly string[]): Promise<GateAsk[]>;
  /** Answers once; a second answer changes nothing. */
  answer(ask: Pick<GateAsk, 'id' | 'run'>, answer: JsonObject): Promise<void>;
  /** Removes what was asked before, and nobody has come for. */
  tidy(before: Date): Promise<void>;
}

/** Tells gatekeepers that there is something to answer. */
export const ASKED_CHANNEL = 'portreeve_asked';
/** Its payload is the id of what was answered. */
export const ANSWERED_CHANNEL = 'portreeve_answered';

interface GateAsksTable {
  id: string;
  run: string;
  body: string;
  asked_at: ColumnType<Date, never, never>;
  taken_by: Generated<string | null>;
  answer: Generated<string | null>;
}

declare module './tables.ts' {
  interface Tables {
    gate_asks: GateAsksTable;
  }
}

export function askStore(database: Database, sealing: Seals): AskStore {
  const { seal, open } = sealedAsks(sealing, 'gate_asks');
  return {
    async ask(run, body) {
      const id = `ask_${randomBytes(16).toString('hex')}`;
      const sealed = await seal('body', id, { run }, body);
      await database.read.insertInto('gate_asks').values({ id, run, body: sealed }).execute();
      await sql`SELECT pg_notify(${ASKED_CHANNEL}, '')`.execute(database.read);
      return id;
    },
    async answerOf(id) {
      const row = await database.read.selectFrom('gate_asks').select('answer').where('id', '=', id).executeTakeFirst();
      if (!row) throw new PortreeveError('unavailable', 'What was asked of the gate is not there any more.');
      return row.answer === null ? undefined : open('answer', id, row.answer);
    },
    async remove(id) {
      await database.read.deleteFrom('gate_asks').where('id', '=', id).execute();
    },
  };
}

export function answerStore(database: Database, sealing: Seals): AnswerStore {
  const { seal, open } = sealedAsks(sealing, 'gate_asks');
  return {
    async take(instance, limit, carried) {
      const { rows } = await sql<{ id: string; run: string; body: string }>`
        WITH due AS (
          SELECT id FROM gate_asks
          WHERE answer IS NULL AND id <> ALL (${[...carried]}::text[])
            AND (taken_by IS NULL OR taken_by = ${instance} OR NOT EXISTS (
              SELECT 1 FROM executor_leases WHERE executor = gate_asks.taken_by AND until > now()
            ))
          ORDER BY asked_at FOR UPDATE SKIP LOCKED LIMIT ${limit}
        )
        UPDATE gate_asks SET taken_by = ${instance} FROM due WHERE gate_asks.id = due.id
        RETURNING gate_asks.id, gate_asks.run, gate_asks.body`.execute(database.read);
      return Promise.all(
        rows.map(async ({ id, run, body }) => ({
          ...{ id, run: asId('run', run) },
          // What cannot be opened is no question, and is answered as that.
          body: await open('body', id, body).catch(() => null),
        })),
      );
    },
    async answer({ id, run }, answer) {
      const sealed = await seal('answer', id, { run }, answer);
      await database.read
        .updateTable('gate_asks')
        .set({ answer: sealed })
        .where('id', '=', id)
        .where('answer', 'is', null)
        .execute();
      await sql`SELECT pg_notify(${ANSWERED_CHANNEL}, ${id})`.execute(database.read);
    },
    async tidy(before) {
      await database.read.deleteFrom('gate_asks').where('asked_at', '<', before).execute();
    },
  };
}
