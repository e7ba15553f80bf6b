import {
  type ApprovalId,
  type CallOutcome,
  canonicalJson,
  type Decision,
  type ExecutionId,
  type GrantId,
  type HandoffId,
  type Proposal,
  type ProposalId,
  type ProposalState,
} from '@portreeve/contract';
import type { ProposalPatch, ProposalStore, StoredProposal } from '@portreeve/gate';
import type { Selectable } from 'kysely';
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
}

declare module './tables.ts' {
  interface Tables {
    proposals: ProposalsTable;
  }
}

export function proposalStore(database: Database): ProposalStore {
  return {
    async insert(tx, stored) {
      const { proposal, workflow, contract, approval_timeout_minutes, history, injection, narrowed, preview_of } =
        stored;
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
          }),
          decision: canonicalJson(stored.decision),
          approval: stored.approval,
          grant: stored.grant,
          execution: stored.execution,
          outcome: stored.outcome && canonicalJson(stored.outcome),
          handoff: stored.handoff,
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

function toColumns(patch: ProposalPatch): Partial<ProposalsTable> {
  const { decision, outcome, ...plain } = patch;
  return {
    ...plain,
    ...(decision === undefined ? {} : { decision: canonicalJson(decision) }),
    ...(outcome === undefined ? {} : { outcome: outcome && canonicalJson(outcome) }),
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
  };
}
