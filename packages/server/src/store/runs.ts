import {
  type ApprovalId,
  type Attachment,
  canonicalJson,
  type JsonObject,
  type Run,
  type RunId,
  type RunState,
} from '@portreeve/contract';
import type { RunStore } from '@portreeve/run';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

interface RunsTable {
  id: string;
  workflow: string;
  release: string;
  requester: string;
  state: string;
  body: string;
  attachments: string;
  result: string | null;
  ending: string | null;
  approval: string | null;
  idempotency_key: string | null;
  idempotency_digest: string | null;
  created_at: ColumnType<Date, string, never>;
  ended_at: ColumnType<Date | null, string | null, string | null>;
}

declare module './tables.ts' {
  interface Tables {
    runs: RunsTable;
  }
}

export function runStore(database: Database): RunStore {
  return {
    async insert(tx, run, { attachments, idempotency }) {
      const { id, workflow, release, policy_version, principal, input } = run;
      const inserted = await database
        .on(tx)
        .insertInto('runs')
        .values({
          id,
          workflow,
          release,
          requester: principal.id,
          state: run.state,
          body: canonicalJson({ id, workflow, release, policy_version, principal, input }),
          attachments: canonicalJson(attachments),
          result: null,
          ending: null,
          approval: null,
          idempotency_key: idempotency?.key ?? null,
          idempotency_digest: idempotency?.digest ?? null,
          created_at: run.created_at,
          ended_at: null,
        })
        .onConflict((conflict) =>
          conflict.columns(['requester', 'idempotency_key']).where('idempotency_key', 'is not', null).doNothing(),
        )
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 1n || !idempotency) return null;
      const earlier = await database
        .on(tx)
        .selectFrom('runs')
        .select(['id', 'idempotency_digest'])
        .where('requester', '=', principal.id)
        .where('idempotency_key', '=', idempotency.key)
        .executeTakeFirstOrThrow();
      return { id: earlier.id as RunId, digest: earlier.idempotency_digest ?? '' };
    },

    async get(id) {
      const row = await database.read.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async lock(tx, id) {
      const row = await database
        .on(tx)
        .selectFrom('runs')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async update(tx, id, patch) {
      const { result, ...plain } = patch;
      await database
        .on(tx)
        .updateTable('runs')
        .set({ ...plain, ...(result === undefined ? {} : { result: result && canonicalJson(result) }) })
        .where('id', '=', id)
        .execute();
    },

    async list(filter) {
      let query = database.read
        .selectFrom('runs')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(filter.limit ?? 100);
      if (filter.state) query = query.where('state', '=', filter.state);
      if (filter.workflow) query = query.where('workflow', '=', filter.workflow);
      if (filter.requester) query = query.where('requester', '=', filter.requester);
      if (filter.before) query = query.where('id', '<', filter.before);
      return (await query.execute()).map(fromRow);
    },

    async attachments(id) {
      const row = await database.read.selectFrom('runs').select('attachments').where('id', '=', id).executeTakeFirst();
      return row ? (JSON.parse(row.attachments) as Attachment[]) : [];
    },

    async forgetAttachments(tx, id) {
      await database.on(tx).updateTable('runs').set({ attachments: '[]' }).where('id', '=', id).execute();
    },
  };
}

function fromRow(row: Selectable<RunsTable>): Run {
  const body = JSON.parse(row.body) as Pick<
    Run,
    'id' | 'workflow' | 'release' | 'policy_version' | 'principal' | 'input'
  >;
  return {
    ...body,
    state: row.state as RunState,
    result: row.result === null ? null : (JSON.parse(row.result) as JsonObject),
    ending: row.ending,
    approval: row.approval as ApprovalId | null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}
