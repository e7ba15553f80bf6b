import { canonicalJson, ERRORS, type ErrorCode, type GrantId, type ProposalId } from '@portreeve/contract';
import { type ColumnType, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from './database.ts';

/** A grant on its way to the executor whose key it names. */
export interface Dispatch {
  readonly grant: GrantId;
  readonly proposal: ProposalId;
  readonly token: string;
}

/** Why an executor has not used a grant. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
}

export interface Dispatches {
  /** Hands a grant over, and tells the executors. `executor` is the thumbprint of the key that may use it. */
  send(dispatch: Dispatch & { readonly executor: string; readonly expires_at: Date }): Promise<void>;
  /** Takes what is for this key, oldest first, and erases the tokens: of any number of processes, one gets each. */
  take(executor: string, instance: string, limit: number): Promise<Dispatch[]>;
  /** Says that a grant was not used, and why. */
  refuse(grant: GrantId, refusal: Refusal): Promise<void>;
  /** Tells the gatekeeper to look what became of a grant. */
  tell(grant: GrantId): Promise<void>;
  /** Who has taken it, and why it was not used; null where it is not kept. */
  look(grant: GrantId): Promise<{ readonly taken_by: string | null; readonly refusal: Refusal | null } | null>;
  remove(grant: GrantId): Promise<void>;
  /** Removes what nobody waits for any more: its time was over before `before`. */
  tidy(before: Date): Promise<void>;
}

/** Its payload is the thumbprint of the executor's key. */
export const DISPATCH_CHANNEL = 'portreeve_dispatch';
/** Its payload is the id of the grant. */
export const EXECUTED_CHANNEL = 'portreeve_executed';

interface DispatchesTable {
  grant_id: string;
  proposal: string;
  executor: string;
  token: string | null;
  taken_by: string | null;
  refusal: string | null;
  expires_at: ColumnType<Date, string, never>;
}

declare module './tables.ts' {
  interface Tables {
    dispatches: DispatchesTable;
  }
}

const refusalSchema = z.strictObject({
  // Written by another process: a code that is none of ours must not become an error of ours.
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERRORS, code)),
  detail: z.string().max(1000),
});

export function dispatchStore(database: Database): Dispatches {
  const notify = (channel: string, payload: string) =>
    sql`SELECT pg_notify(${channel}, ${payload})`.execute(database.read);
  return {
    async send({ grant, expires_at, ...row }) {
      await database.read
        .insertInto('dispatches')
        .values({ ...row, grant_id: grant, expires_at: expires_at.toISOString() })
        .execute();
      await notify(DISPATCH_CHANNEL, row.executor);
    },
    async take(executor, instance, limit) {
      const { rows } = await sql<{ grant_id: GrantId; proposal: ProposalId; token: string }>`
        WITH due AS (
          SELECT grant_id, token FROM dispatches
          WHERE executor = ${executor} AND token IS NOT NULL
          ORDER BY expires_at FOR UPDATE SKIP LOCKED LIMIT ${limit}
        )
        UPDATE dispatches SET token = NULL, taken_by = ${instance} FROM due
        WHERE dispatches.grant_id = due.grant_id
        RETURNING dispatches.grant_id, dispatches.proposal, due.token`.execute(database.read);
      return rows.map(({ grant_id, ...row }) => ({ grant: grant_id, ...row }));
    },
    async refuse(grant, { code, detail }) {
      const refusal = canonicalJson({ code, detail: detail.slice(0, 1000) });
      await database.read.updateTable('dispatches').set({ refusal }).where('grant_id', '=', grant).execute();
    },
    async tell(grant) {
      await notify(EXECUTED_CHANNEL, grant);
    },
    async look(grant) {
      const row = await database.read
        .selectFrom('dispatches')
        .select(['taken_by', 'refusal'])
        .where('grant_id', '=', grant)
        .executeTakeFirst();
      if (!row) return null;
      return { taken_by: row.taken_by, refusal: row.refusal === null ? null : readRefusal(row.refusal) };
    },
    async remove(grant) {
      await database.read.deleteFrom('dispatches').where('grant_id', '=', grant).execute();
    },
    async tidy(before) {
      await database.read.deleteFrom('dispatches').where('expires_at', '<', before).execute();
    },
  };
}

function readRefusal(text: string): Refusal {
  try {
    return refusalSchema.parse(JSON.parse(text));
  } catch {
    return { code: 'grant_invalid', detail: 'The executor refused the grant.' };
  }
}
