import { canonicalJson, type Digest, type JsonObject, type PrincipalId, type Tx } from '@portreeve/contract';
import { type ColumnType, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';

export const DEFINITION_STATES = ['withheld', 'approved', 'withdrawn'] as const;
export type DefinitionState = (typeof DEFINITION_STATES)[number];

/** One tool of an upstream, as it was shown. */
export interface StoredDefinition {
  readonly upstream: string;
  readonly tool: string;
  readonly definition: Digest;
  readonly body: JsonObject;
  readonly state: DefinitionState;
  readonly seen_at: string;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly reason: string | null;
}

interface McpDefinitionsTable {
  upstream: string;
  tool: string;
  definition: string;
  body: string;
  state: DefinitionState;
  seen_at: ColumnType<Date, string, never>;
  decided_by: string | null;
  decided_at: ColumnType<Date | null, string | null, string | null>;
  reason: string | null;
}

declare module './tables.ts' {
  interface Tables {
    mcp_definitions: McpDefinitionsTable;
  }
}

/** What a refresh needs to know of one: without its body, which may be large. */
export type DefinitionHead = Pick<StoredDefinition, 'tool' | 'definition' | 'state'>;

export interface DefinitionStore {
  heads(upstream: string): Promise<DefinitionHead[]>;
  list(filter: { readonly upstream?: string; readonly definition?: Digest }): Promise<StoredDefinition[]>;
  /** False where it was seen before. */
  see(tx: Tx, seen: Pick<StoredDefinition, 'upstream' | 'tool' | 'definition' | 'body' | 'seen_at'>): Promise<boolean>;
  /** An approval takes the place of the one before. False where the definition is in that state already. */
  decide(tx: Tx, decision: DefinitionDecision): Promise<boolean>;
}

export interface DefinitionDecision {
  readonly upstream: string;
  readonly tool: string;
  readonly definition: Digest;
  readonly state: Exclude<DefinitionState, 'withheld'>;
  readonly by: PrincipalId;
  readonly at: string;
  readonly reason: string;
}

/** Serialises the decisions on one tool. */
const LOCK_CLASS = 762;

export function definitionStore(database: Database): DefinitionStore {
  return {
    async list({ upstream, definition }) {
      const rows = await database.read
        .selectFrom('mcp_definitions')
        .selectAll()
        .$if(upstream !== undefined, (query) => query.where('upstream', '=', upstream!))
        .$if(definition !== undefined, (query) => query.where('definition', '=', definition!))
        .orderBy('upstream')
        .orderBy('tool')
        .orderBy('seen_at')
        .orderBy('definition')
        .execute();
      return rows.map(fromRow);
    },

    async heads(upstream) {
      const rows = await database.read
        .selectFrom('mcp_definitions')
        .select(['tool', 'definition', 'state'])
        .where('upstream', '=', upstream)
        .execute();
      return rows.map((row) => ({ ...row, definition: row.definition as Digest }));
    },

    async see(tx, { body, ...seen }) {
      const inserted = await database
        .on(tx)
        .insertInto('mcp_definitions')
        .values({
          ...seen,
          body: canonicalJson(body),
          state: 'withheld',
          decided_by: null,
          decided_at: null,
          reason: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n;
    },

    async decide(tx, { upstream, tool, definition, state, by, at, reason }) {
      await sql`SELECT pg_advisory_xact_lock(${LOCK_CLASS}::int, hashtext(${`${upstream} ${tool}`}))`.execute(
        database.on(tx),
      );
      const change = () =>
        database.on(tx).updateTable('mcp_definitions').where('upstream', '=', upstream).where('tool', '=', tool);
      const decided = { decided_by: by, decided_at: at, reason };
      if (state === 'approved')
        await change()
          .set({ ...decided, state: 'withdrawn' })
          .where('state', '=', 'approved')
          .where('definition', '!=', definition)
          .execute();
      const moved = await change()
        .set({ ...decided, state })
        .where('definition', '=', definition)
        .where('state', '!=', state)
        .executeTakeFirst();
      return moved.numUpdatedRows === 1n;
    },
  };
}

const fromRow = (row: Selectable<McpDefinitionsTable>): StoredDefinition => ({
  ...row,
  definition: row.definition as Digest,
  body: JSON.parse(row.body) as JsonObject,
  seen_at: row.seen_at.toISOString(),
  decided_at: row.decided_at?.toISOString() ?? null,
});
