import {
  type ApprovalId,
  asId,
  type CallOutcome,
  canonicalJson,
  type Decision,
  type ExecutionId,
  type GrantId,
  type HandoffId,
  PortreeveError,
  type Proposal,
  type ProposalId,
  type ProposalState,
  type Settlement,
} from '@portreeve/contract';
import type { ProposalStore, StoredProposal } from '@portreeve/gate';
import type { ColumnType, Insertable, Selectable } from 'kysely';
import type { Database } from './database.ts';
import type { Seals } from './values.ts';

interface ProposalsTable {
  id: string;
  /** Who wished it, and for whom they act. */
  principals: string[];
  run: string | null;
  workflow: string;
  tool: string;
  digest: string;
  state: string;
  body: string;
  decision: string;
  amended_by: string | null;
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

type Kept = Omit<Selectable<ProposalsTable>, 'run' | 'principals' | 'workflow' | 'tool' | 'settle_at' | 'created_at'>;

const GET = `SELECT id, digest, state, body, decision, amended_by, approval, "grant", execution, outcome, handoff,
  succeeded_at, settlement FROM proposals WHERE id = $1`;
const HOLD = 'SELECT state, "grant" FROM proposals WHERE id = $1 FOR UPDATE';
const REPEATS = 'SELECT id FROM proposals WHERE digest = $1 AND id <> $2 AND succeeded_at IS NOT NULL';
const INSERTED = [
  ...['id', 'run', 'workflow', 'tool', 'digest', 'state', 'principals', 'body', 'decision', 'amended_by'],
  ...['approval', 'grant', 'execution', 'outcome', 'handoff', 'succeeded_at', 'settlement', 'settle_at'],
] as (keyof Insertable<ProposalsTable>)[];
// Whatever the index: of two that insert one id at once, the second may trip over another unique one first.
const INSERT = `INSERT INTO proposals (${INSERTED.map((column) => `"${column}"`).join(', ')})
  VALUES (${INSERTED.map((_, index) => `$${index + 1}`).join(', ')}) ON CONFLICT DO NOTHING RETURNING id`;

/** Proposals in PostgreSQL. What is wished, and what came of it, is sealed for those whom it is about. */
export function proposalStore(database: Database, sealing: Seals): ProposalStore {
  const about = (run: string | null, principals: readonly string[]) =>
    sealing.of(run === null ? null : asId('run', run), ...principals.filter((id) => id.startsWith('prn_')));
  const opened = async (row: Kept): Promise<StoredProposal> => {
    const [body, outcome] = await sealing.texts.open([
      { text: row.body, binding: `proposals/${row.digest}` },
      ...(row.outcome === null ? [] : [{ text: row.outcome, binding: `proposals/${row.id}/outcome` }]),
    ]);
    if (body === null || outcome === null)
      throw new PortreeveError('erased', `The proposal ${row.id} has been erased.`);
    return fromRow({ ...row, body: body!, outcome: outcome ?? null });
  };
  return {
    async insert(tx, stored) {
      const { proposal, workflow, contract, approval_timeout_minutes, history, injection, narrowed } = stored;
      const { companions, serves, preview_of, planted, shadow } = stored;
      const principals = [proposal.principal.id, ...proposal.principal.act.map((actor) => actor.id)];
      const subjects = await about(proposal.run, [proposal.principal.id]);
      const row = {
        id: proposal.id,
        run: proposal.run,
        workflow: proposal.workflow,
        tool: proposal.tool,
        digest: proposal.digest,
        state: stored.state,
        principals,
        body: await sealing.texts.seal(
          subjects,
          'runs',
          `proposals/${proposal.digest}`,
          canonicalJson({
            ...{ proposal, workflow, contract, approval_timeout_minutes, history, injection, preview_of, planted },
            ...(shadow ? { shadow } : {}),
            narrowed: narrowed && { ...narrowed, profiles: [...narrowed.profiles] },
            companions: [...companions],
            serves: serves && { ...serves },
          }),
        ),
        decision: canonicalJson(stored.decision),
        amended_by: stored.amended_by,
        approval: stored.approval,
        grant: stored.grant,
        execution: stored.execution,
        outcome:
          stored.outcome &&
          (await sealing.texts.seal(
            subjects,
            'runs',
            `proposals/${proposal.id}/outcome`,
            canonicalJson(stored.outcome),
          )),
        handoff: stored.handoff,
        succeeded_at: stored.succeeded_at,
        ...settlementColumns(stored.settlement),
      };
      const values = INSERTED.map((column) => row[column]);
      return (await database.rows(tx, INSERT, values)).length === 1;
    },

    async get(id) {
      const [row] = await database.rows<Kept>(null, GET, [id]);
      return row ? opened(row) : null;
    },

    async lock(tx, id) {
      const [row] = await database.rows<Kept>(tx, `${GET} FOR UPDATE`, [id]);
      return row ? opened(row) : null;
    },

    async hold(tx, id) {
      const [row] = await database.rows<Pick<StoredProposal, 'state' | 'grant'>>(tx, HOLD, [id]);
      return row ?? null;
    },

    async update(tx, { id, run, principal }, patch) {
      const { outcome, decision, settlement, ...plain } = patch;
      let sealed: string | null | undefined = outcome === undefined ? undefined : null;
      if (outcome) {
        const subjects = await about(run, [principal.id]);
        sealed = await sealing.texts.seal(subjects, 'runs', `proposals/${id}/outcome`, canonicalJson(outcome));
      }
      const changed = {
        ...plain,
        ...(settlement === undefined ? {} : settlementColumns(settlement)),
        ...(decision === undefined ? {} : { decision: canonicalJson(decision) }),
        ...(sealed === undefined ? {} : { outcome: sealed }),
      };
      await database.send(tx, database.on(tx).updateTable('proposals').set(changed).where('id', '=', id));
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
      return Promise.all(rows.map(opened));
    },

    async repeats({ id, digest, run }, since) {
      const rows = await (run === null
        ? database.rows(null, `${REPEATS} AND run IS NULL AND succeeded_at >= $3 LIMIT 1`, [digest, id, since])
        : database.rows(null, `${REPEATS} AND run = $3 LIMIT 1`, [digest, id, run]));
      return rows.length > 0;
    },

    async ofExecution(execution) {
      const row = await database.read
        .selectFrom('proposals')
        .innerJoin('executions', 'executions.proposal', 'proposals.id')
        .selectAll('proposals')
        .where('executions.id', '=', execution)
        .executeTakeFirst();
      return row ? opened(row) : null;
    },
  };
}

/** The proposal alone, as it was submitted: what an executor compares with a grant. */
export function proposalReader(database: Database, sealing: Pick<Seals, 'texts'>) {
  return {
    async proposal(id: ProposalId): Promise<Proposal | null> {
      const query = database.read.selectFrom('proposals').select(['body', 'digest']).where('id', '=', id);
      const row = await query.executeTakeFirst();
      if (!row) return null;
      const [body] = await sealing.texts.open([{ text: row.body, binding: `proposals/${row.digest}` }]);
      if (body === null) throw new PortreeveError('erased', `The proposal ${id} has been erased.`);
      return (JSON.parse(body!) as StoredProposal).proposal;
    },
  };
}

/** `settle_at` is what the search for the next one goes by. */
function settlementColumns(settlement: StoredProposal['settlement']) {
  return {
    settlement: settlement && JSON.stringify(settlement),
    settle_at: settlement?.next?.at ?? null,
  };
}

function fromRow(row: Kept): StoredProposal {
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
    | 'planted'
    | 'shadow'
  >;
  return {
    ...body,
    // What was stored before anything could be planted does not say.
    planted: body.planted ?? false,
    state: row.state as ProposalState,
    decision: JSON.parse(row.decision) as Decision,
    amended_by: row.amended_by as ProposalId | null,
    approval: row.approval as ApprovalId | null,
    grant: row.grant as GrantId | null,
    execution: row.execution as ExecutionId | null,
    outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as CallOutcome),
    handoff: row.handoff as HandoffId | null,
    succeeded_at: row.succeeded_at?.toISOString() ?? null,
    settlement: row.settlement === null ? null : (JSON.parse(row.settlement) as Settlement),
  };
}
