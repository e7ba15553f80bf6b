import {
  asId,
  type ChangeEvent,
  type ChangeId,
  type ChangeKind,
  type ChangePiece,
  type ChangeState,
  canonicalJson,
  type Digest,
  IN_FORCE_KINDS,
  type Json,
  type RiskTier,
} from '@portreeve/contract';
import type { ChangeMove, ChangeStore, StoredChange } from '@portreeve/govern';
import { LIVE_STATES } from '@portreeve/govern/desk';
import { type ColumnType, type Generated, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';

interface ChangesTable {
  number: Generated<string>;
  change: string;
  kind: string;
  subject: string;
  from_digest: string | null;
  to_digest: string;
  workflows: string[];
  owners: string[];
  risk: string;
  after: string;
  pieces: string;
  reason: string;
  opened_by: string;
  opened_at: ColumnType<Date, string, never>;
  state: string;
  asked: string | null;
  asked_at: ColumnType<Date | null, null, string | null>;
}

interface MovesTable {
  number: Generated<string>;
  change: string;
  event: string;
  from_state: string;
  to_state: string;
  reason: string;
  moved_by: string;
  moved_at: ColumnType<Date, string, never>;
  proposal: string | null;
  evidence: string[];
}

declare module './tables.ts' {
  interface Tables {
    surface_changes: ChangesTable;
    surface_change_moves: MovesTable;
  }
}

const LIST_MAX = 500;

/** The register of changes in PostgreSQL. */
export function changeStore(database: Database): ChangeStore {
  const all = (on: ReturnType<Database['on']>) => on.selectFrom('surface_changes').selectAll();
  const one = (on: ReturnType<Database['on']>, change: string) => all(on).where('change', '=', change);
  return {
    async open(tx, { change, kind, subject, from, to, after, pieces, workflows, owners, ...rest }) {
      const inserted = await database
        .on(tx)
        .insertInto('surface_changes')
        .values({
          ...{ ...rest, change, kind, subject, from_digest: from, to_digest: to, after: canonicalJson(after) },
          ...{ pieces: JSON.stringify(pieces), workflows: [...workflows], owners: [...owners] },
          ...{ state: 'open', asked: null, asked_at: null },
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n;
    },

    async get(change) {
      const row = await one(database.read, change).executeTakeFirst();
      return row ? changeOf(row) : null;
    },

    async lock(tx, change) {
      const row = await one(database.on(tx), change).forUpdate().executeTakeFirst();
      return row ? changeOf(row) : null;
    },

    async list({ kind, state, workflow, limit = LIST_MAX, after }) {
      let query = all(database.read);
      if (after !== undefined) query = query.where(behind(after));
      if (kind !== undefined) query = query.where('kind', '=', kind);
      if (state !== undefined) query = query.where('state', '=', state);
      if (workflow !== undefined) query = query.where(touches(workflow));
      const rows = await query.orderBy('number', 'desc').limit(Math.min(limit, LIST_MAX)).execute();
      return rows.map(changeOf);
    },

    async live(tx, kind, subject) {
      const rows = await all(database.on(tx))
        .where('kind', '=', kind)
        .where('subject', '=', subject)
        .where('state', 'in', LIVE_STATES)
        .orderBy('number')
        .forUpdate()
        .execute();
      return rows.map(changeOf);
    },

    async move(tx, { change, event, from, to, reason, by, at, proposal, evidence }) {
      const on = database.on(tx);
      const added = await on
        .insertInto('surface_change_moves')
        .values({
          ...{ change, event, from_state: from, to_state: to, reason, moved_by: by, moved_at: at, proposal },
          evidence: [...evidence],
        })
        .onConflict((conflict) => conflict.columns(['proposal', 'change']).doNothing())
        .executeTakeFirst();
      if (added.numInsertedOrUpdatedRows !== 1n) return false;
      await on
        .updateTable('surface_changes')
        .set({ state: to, asked: null, asked_at: null })
        .where('change', '=', change)
        .execute();
      return true;
    },

    async moves(change) {
      const rows = await database.read
        .selectFrom('surface_change_moves')
        .selectAll()
        .where('change', '=', change)
        .orderBy('number')
        .execute();
      return rows.map(moveOf);
    },

    async unreviewed(workflow) {
      let query = all(database.read).where('state', 'in', LIVE_STATES).where('kind', 'in', IN_FORCE_KINDS);
      if (workflow !== undefined) query = query.where(touches(workflow));
      return (await query.orderBy('number').execute()).map(changeOf);
    },

    async ask(change, proposal, at) {
      const noted = await database.read
        .updateTable('surface_changes')
        .set({ asked: proposal, asked_at: at })
        .where('change', '=', change)
        .where('asked', 'is', null)
        .where('state', 'in', LIVE_STATES)
        .executeTakeFirst();
      return noted.numUpdatedRows === 1n;
    },

    async asked(limit) {
      const rows = await all(database.read)
        .where('asked', 'is not', null)
        .orderBy('asked_at')
        .orderBy('number')
        .limit(limit)
        .execute();
      return rows.map(changeOf);
    },

    async answered(change, proposal) {
      await database.read
        .updateTable('surface_changes')
        .set({ asked: null, asked_at: null })
        .where('change', '=', change)
        .where('asked', '=', proposal)
        .execute();
    },
  };
}

const behind = (change: ChangeId) =>
  sql<boolean>`number < (SELECT last.number FROM surface_changes last WHERE last.change = ${change})`;
const touches = (workflow: string) => sql<boolean>`${workflow} = ANY(workflows)`;

function changeOf({ number, from_digest, to_digest, asked, asked_at, ...row }: Selectable<ChangesTable>): StoredChange {
  return {
    ...row,
    change: asId('change', row.change),
    kind: row.kind as ChangeKind,
    from: from_digest as Digest | null,
    to: to_digest as Digest,
    risk: row.risk as RiskTier,
    after: JSON.parse(row.after) as Json,
    pieces: JSON.parse(row.pieces) as ChangePiece[],
    opened_at: row.opened_at.toISOString(),
    state: row.state as ChangeState,
    asked:
      asked === null || asked_at === null ? null : { proposal: asId('proposal', asked), at: asked_at.toISOString() },
  };
}

function moveOf({ number, from_state, to_state, moved_by, moved_at, ...row }: Selectable<MovesTable>): ChangeMove {
  return {
    ...{ reason: row.reason, by: moved_by, at: moved_at.toISOString() },
    change: asId('change', row.change),
    event: row.event as ChangeEvent,
    from: from_state as ChangeState,
    to: to_state as ChangeState,
    proposal: row.proposal === null ? null : asId('proposal', row.proposal),
    evidence: row.evidence as Digest[],
  };
}
