import { asId, type Digest, type ProposalId, type RunId, type Tx } from '@portreeve/contract';
import type { PlantedMarks } from '@portreeve/gate';
import type { ColumnType } from 'kysely';
import type { Database } from './database.ts';

interface DueTable {
  id: string;
  workflow: string;
  case_id: string;
  due_at: Date;
}

interface RunsTable {
  run: string;
  workflow: string;
  case_id: string;
  wrong: string;
  nonce: string;
  commitment: string;
  opened_at: ColumnType<Date | null, null, Date>;
}

interface ProposalsTable {
  proposal: string;
  run: string;
  shown: boolean;
}

declare module './tables.ts' {
  interface Tables {
    planting_due: DueTable;
    planted_runs: RunsTable;
    planted_proposals: ProposalsTable;
  }
}

export interface DuePlanting {
  readonly id: string;
  readonly workflow: string;
  readonly case_id: string;
}

/** A planted run, with what opens the seal of its record. */
export interface PlantedRun {
  readonly run: RunId;
  readonly workflow: string;
  readonly case_id: string;
  readonly wrong: string;
  readonly nonce: string;
  readonly commitment: Digest;
}

export interface PlantedStore extends PlantedMarks {
  plan(tx: Tx, due: DuePlanting, at: Date): Promise<void>;
  due(now: Date): Promise<DuePlanting[]>;
  /** Takes one that is due; false where somebody else did. */
  take(tx: Tx, id: string): Promise<boolean>;
  insert(tx: Tx, run: PlantedRun): Promise<void>;
  ofRun(run: RunId): Promise<(PlantedRun & { readonly shown: ProposalId | null }) | null>;
  /** The planted run that a proposal is of, the first time that one of its approvals closes; null ever after. */
  open(tx: Tx, proposal: ProposalId, at: Date): Promise<PlantedRun | null>;
  isPlanted(tx: Tx, run: RunId): Promise<boolean>;
}

/** What is planted, in PostgreSQL. No route reads these tables. */
export function plantedStore(database: Database): PlantedStore {
  return {
    async plan(tx, due, at) {
      await database
        .on(tx)
        .insertInto('planting_due')
        .values({ ...due, due_at: at })
        .execute();
    },

    due: (now) =>
      database.read
        .selectFrom('planting_due')
        .select(['id', 'workflow', 'case_id'])
        .where('due_at', '<=', now)
        .orderBy('due_at')
        .limit(20)
        .execute(),

    async take(tx, id) {
      const { numDeletedRows } = await database
        .on(tx)
        .deleteFrom('planting_due')
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },

    async insert(tx, run) {
      await database
        .on(tx)
        .insertInto('planted_runs')
        .values({ ...run, opened_at: null })
        .execute();
    },

    async mark(tx, proposal, run, shown) {
      await database.on(tx).insertInto('planted_proposals').values({ proposal, run, shown }).execute();
    },

    async ofRun(run) {
      const row = await database.read.selectFrom('planted_runs').selectAll().where('run', '=', run).executeTakeFirst();
      if (!row) return null;
      const query = database.read.selectFrom('planted_proposals').select('proposal').where('run', '=', run);
      const shown = await query.where('shown', '=', true).executeTakeFirst();
      return { ...runOf(row), shown: shown ? asId('proposal', shown.proposal) : null };
    },

    async open(tx, proposal, at) {
      const row = await database
        .on(tx)
        .updateTable('planted_runs')
        .set({ opened_at: at })
        .where('opened_at', 'is', null)
        .where('run', 'in', (query) =>
          query.selectFrom('planted_proposals').select('run').where('proposal', '=', proposal),
        )
        .returningAll()
        .executeTakeFirst();
      return row ? runOf(row) : null;
    },

    async isPlanted(tx, run) {
      const row = await database
        .on(tx)
        .selectFrom('planted_runs')
        .select('run')
        .where('run', '=', run)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

function runOf({ run, workflow, case_id, wrong, nonce, commitment }: Omit<RunsTable, 'opened_at'>): PlantedRun {
  return { run: asId('run', run), workflow, case_id, wrong, nonce, commitment: commitment as Digest };
}
