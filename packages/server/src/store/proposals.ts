import {
  type ApprovalId,
  asId,
  type CallOutcome,
  canonicalJson,
  type Decision,
  type ExecutionId,
  type GrantId,
  type HandoffId,
  type Proposal,
  type ProposalId,
  type ProposalState,
  type Settlement,
} from '@portreeve/contract';
import type { ProposalPatch, ProposalStore, StoredProposal } from '@portreeve/gate';
import type { ColumnType, Selectable, Updateable } from 'kysely';
import type { Database } from './database.ts';

interface ProposalsTable {
  id: string;
  run: string | null;
  workflow: string;
  tool: string;
  digest: string;
  state: string;
  body: string;
  decision: string;
  approval: string | null;
  grant: string | null;
  execution: string | null;
  outcome: string | null;
  handoff: string | null;
  succeeded_at: ColumnType<Date | null, string | null, string | null>;
  settlement: string | null;
  settle_at: ColumnType<Date | null, string | null, string | null>;
  /** Set by the database: it orders what one run proposed within a millisecond. */
  created_at: ColumnType<Date, never, never>;
}

declare module './tables.ts' {
  interface Tables {
    proposals: ProposalsTable;
  }
}

export function proposalStore(database: Database): ProposalStore {
  return {
    async insert(tx, stored) {
      const { proposal, workflow, contract, approval_timeout_minutes, history, injection, narrowed } = stored;
      const { companions, serves, preview_of } = stored;
      const inserted = await database
        .on(tx)
        .insertInto('proposals')
        .values({
          id: proposal.id,
          run: proposal.run,
          workflow: proposal.workflow,
          tool: proposal.tool,
          digest: proposal.digest,
          state: stored.state,
          body: canonicalJson({
            ...{ proposal, workflow, contract, approval_timeout_minutes, history, injection, preview_of },
            narrowed: narrowed && { ...narrowed, profiles: [...narrowed.profiles] },
            companions: [...companions],
            serves: serves && { ...serves },
          }),
          decision: canonicalJson(stored.decision),
          approval: stored.approval,
          grant: stored.grant,
          execution: stored.execution,
          outcome: stored.outcome && canonicalJson(stored.outcome),
          handoff: stored.handoff,
          succeeded_at: stored.succeeded_at,
          ...settlementColumns(stored.settlement),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n;
    },

    async get(id) {
      const row = await database.read.selectFrom('proposals').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async lock(tx, id) {
      const row = await database
        .on(tx)
        .selectFrom('proposals')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async update(tx, id, patch) {
      await database.on(tx).updateTable('proposals').set(toColumns(patch)).where('id', '=', id).execute();
    },

    async settlingBy(now, limit) {
      const rows = await database.read
        .selectFrom('proposals')
        .select('id')
        .where('settle_at', '<=', now)
        .orderBy('settle_at')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => asId('proposal', id));
    },

    async effectsIn(run, limit) {
      const rows = await database.read
        .selectFrom('proposals')
        .selectAll()
        .where('run', '=', run)
        .where('state', 'in', ['succeeded', 'settling', 'retrying', 'unknown'])
        .orderBy('succeeded_at', (order) => order.desc().nullsFirst())
        .orderBy('created_at', 'desc')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },

    async ofExecution(execution) {
      const row = await database.read
        .selectFrom('proposals')
        .innerJoin('executions', 'executions.proposal', 'proposals.id')
        .selectAll('proposals')
        .where('executions.id', '=', execution)
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },
  };
}

/** The proposal alone, as it was submitted: what an executor compares with a grant. */
export function proposalReader(database: Database) {
  return {
    async proposal(id: ProposalId): Promise<Proposal | null> {
      const row = await database.read.selectFrom('proposals').select('body').where('id', '=', id).executeTakeFirst();
      return row ? (JSON.parse(row.body) as StoredProposal).proposal : null;
    },
  };
}

function toColumns(patch: ProposalPatch): Updateable<ProposalsTable> {
  const { decision, outcome, settlement, ...plain } = patch;
  return {
    ...plain,
    ...(settlement === undefined ? {} : settlementColumns(settlement)),
    ...(decision === undefined ? {} : { decision: canonicalJson(decision) }),
    ...(outcome === undefined ? {} : { outcome: outcome && canonicalJson(outcome) }),
  };
}

/** `settle_at` is what the search for the next one goes by. */
function settlementColumns(settlement: StoredProposal['settlement']) {
  return {
    settlement: settlement && JSON.stringify(settlement),
    settle_at: settlement?.next?.at ?? null,
  };
}

function fromRow(row: Selectable<ProposalsTable>): StoredProposal {
  const body = JSON.parse(row.body) as Pick<
    StoredProposal,
    | 'proposal'
    | 'workflow'
    | 'contract'
    | 'approval_timeout_minutes'
    | 'history'
    | 'injection'
    | 'narrowed'
    | 'companions'
    | 'serves'
    | 'preview_of'
  >;
  return {
    ...body,
    state: row.state as ProposalState,
    decision: JSON.parse(row.decision) as Decision,
    approval: row.approval as ApprovalId | null,
    grant: row.grant as GrantId | null,
    execution: row.execution as ExecutionId | null,
    outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as CallOutcome),
    handoff: row.handoff as HandoffId | null,
    succeeded_at: row.succeeded_at?.toISOString() ?? null,
    settlement: row.settlement === null ? null : (JSON.parse(row.settlement) as Settlement),
  };
}
