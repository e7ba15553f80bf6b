import {
  asId,
  canonicalJson,
  type ExecutionState,
  type GrantState,
  recordActorSchema,
  storedRefs,
} from '@portreeve/contract';
import { callOutcomeSchema, type ExecuteStore, type StoredExecution, type StoredGrant } from '@portreeve/execute';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

type Time = ColumnType<Date, string, string>;

interface GrantsTable {
  id: string;
  proposal: string;
  proposal_digest: string;
  args_digest: string;
  audience: string;
  state: GrantState;
  issued_at: Time;
  expires_at: Time;
}

interface ExecutionsTable {
  id: string;
  grant_id: string;
  proposal: string;
  proposal_digest: string;
  args_digest: string;
  tool: string;
  tool_version: string;
  idempotency_key: string;
  instance: string;
  state: ExecutionState;
  outcome: string | null;
  actor: string;
  refs: string;
  started_at: Time;
  ended_at: ColumnType<Date | null, string | null, string | null>;
}

declare module './tables.ts' {
  interface Tables {
    grants: GrantsTable;
    executions: ExecutionsTable;
  }
}

export function executeStore(database: Database): ExecuteStore {
  return {
    async insertGrant(tx, grant) {
      await database.send(tx, database.on(tx).insertInto('grants').values(grant));
    },

    async moveGrant(tx, id, from, to) {
      const [row] = await database.rows<Selectable<GrantsTable>>(tx, MOVE_GRANT, [to, id, from]);
      return row ? toGrant(row) : null;
    },

    async grant(tx, id) {
      const row = await database.on(tx).selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? toGrant(row) : null;
    },

    async moveGrantsOver(tx, now, from, to) {
      const rows = await database
        .on(tx)
        .updateTable('grants')
        .set({ state: to })
        .where('state', '=', from)
        .where('expires_at', '<=', now)
        .returning('id')
        .execute();
      return rows.map((row) => asId('grant', row.id)).sort();
    },

    async insertExecution(tx, { grant, outcome, actor, refs, ...execution }) {
      const row = {
        ...execution,
        grant_id: grant,
        outcome: outcome && canonicalJson(outcome),
        actor: canonicalJson(actor),
        refs: canonicalJson(refs),
      };
      await database.send(tx, database.on(tx).insertInto('executions').values(row));
    },

    async finishExecution(tx, id, { from, to }, outcome, ended_at) {
      const values = [to, canonicalJson(outcome), ended_at.toISOString(), id, from];
      return (await database.rows(tx, FINISH_EXECUTION, values)).length === 1;
    },

    async execution(id) {
      const column = id.startsWith('exec_') ? 'id' : id.startsWith('grt_') ? 'grant_id' : 'proposal';
      const row = await database.read
        .selectFrom('executions')
        .selectAll()
        .where(column, '=', id)
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? toExecution(row) : null;
    },

    async executionsIn(state, limit) {
      const rows = await database.read
        .selectFrom('executions')
        .selectAll()
        .where('state', '=', state)
        .orderBy('started_at')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(toExecution);
    },
  };
}

const MOVE_GRANT = `UPDATE grants SET state = $1 WHERE id = $2 AND state = $3
  RETURNING id, proposal, proposal_digest, args_digest, audience, state, issued_at, expires_at`;
const FINISH_EXECUTION = `UPDATE executions SET state = $1, outcome = $2, ended_at = $3 WHERE id = $4 AND state = $5
  RETURNING id`;

function toGrant(row: Selectable<GrantsTable>): StoredGrant {
  return {
    ...row,
    id: asId('grant', row.id),
    proposal: asId('proposal', row.proposal),
    issued_at: row.issued_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
  };
}

function toExecution({ grant_id, ...row }: Selectable<ExecutionsTable>): StoredExecution {
  return {
    ...row,
    id: asId('execution', row.id),
    grant: asId('grant', grant_id),
    proposal: asId('proposal', row.proposal),
    outcome: row.outcome === null ? null : callOutcomeSchema.parse(JSON.parse(row.outcome)),
    actor: recordActorSchema.parse(JSON.parse(row.actor)),
    refs: storedRefs(row.refs),
    started_at: row.started_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}
