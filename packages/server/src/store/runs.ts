import {
  type ApprovalId,
  type Attachment,
  asId,
  canonicalJson,
  type JsonObject,
  PortreeveError,
  principalSchema,
  type Run,
  type RunId,
  type RunState,
} from '@portreeve/contract';
import type { RunStore } from '@portreeve/run';
import type { ColumnType, Selectable } from 'kysely';
import type { Sealing } from '../wire-keys.ts';
import type { Database } from './database.ts';

interface RunsTable {
  id: string;
  workflow: string;
  release: string;
  requester: string;
  state: string;
  body: string;
  asked: string;
  attachments: string;
  result: string | null;
  ending: string | null;
  approval: string | null;
  idempotency_key: string | null;
  idempotency_digest: string | null;
  shadow_of: ColumnType<string | null, string | null, never>;
  created_at: ColumnType<Date, string, never>;
  ended_at: ColumnType<Date | null, string | null, string | null>;
}

declare module './tables.ts' {
  interface Tables {
    runs: RunsTable;
  }
}

/** Runs in PostgreSQL. What was asked, attached and answered is sealed for those whom the run is about. */
export function runStore(database: Database, sealing: Pick<Sealing, 'texts' | 'of' | 'declared'>): RunStore {
  const sealed = async (about: readonly string[], column: string, id: string, text: string) =>
    sealing.texts.seal(about, 'runs', `runs/${id}/${column}`, text);
  const opened = async (rows: readonly Selectable<RunsTable>[]): Promise<Run[]> => {
    const texts = await sealing.texts.open(
      rows.flatMap((row) => [
        { text: row.asked, binding: `runs/${row.id}/asked` },
        // One text each, so that two belong to every row.
        { text: row.result ?? row.asked, binding: `runs/${row.id}/${row.result === null ? 'asked' : 'result'}` },
      ]),
    );
    return rows.map((row, i) => fromRow(row, texts[2 * i] ?? null, row.result === null ? null : texts[2 * i + 1]!));
  };
  const one = async (row: Selectable<RunsTable> | undefined) => (row ? (await opened([row]))[0]! : null);

  return {
    async insert(tx, run, { attachments, idempotency }) {
      const { id, workflow, release, policy_version, principal, input } = run;
      const others = sealing.declared(workflow, input);
      const about = await sealing.of(null, ...[principal.id].filter((each) => each.startsWith('prn_')), ...others);
      const inserted = await database
        .on(tx)
        .insertInto('runs')
        .values({
          id,
          workflow,
          release,
          requester: principal.id,
          state: run.state,
          body: canonicalJson({ id, workflow, release, policy_version }),
          asked: await sealed(about, 'asked', id, canonicalJson({ principal, input })),
          attachments: await sealed(about, 'attachments', id, canonicalJson(attachments)),
          result: null,
          ending: null,
          approval: null,
          idempotency_key: idempotency?.key ?? null,
          idempotency_digest: idempotency?.digest ?? null,
          shadow_of: run.shadow_of ?? null,
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
      return one(row);
    },

    async lock(tx, id) {
      const row = await database
        .on(tx)
        .selectFrom('runs')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      return one(row);
    },

    async update(tx, id, patch) {
      const { result, ...plain } = patch;
      await database
        .on(tx)
        .updateTable('runs')
        .set({
          ...plain,
          ...(result === undefined
            ? {}
            : { result: result && (await sealed(await sealing.of(id), 'result', id, canonicalJson(result))) }),
        })
        .where('id', '=', id)
        .execute();
    },

    async list(filter) {
      const oldest = filter.order === 'oldest';
      let query = database.read
        .selectFrom('runs')
        .selectAll()
        .orderBy('id', oldest ? 'asc' : 'desc')
        .limit(filter.limit ?? 100);
      if (filter.state) query = query.where('state', '=', filter.state);
      if (filter.workflow) query = query.where('workflow', '=', filter.workflow);
      if (filter.requester) query = query.where('requester', '=', filter.requester);
      if (filter.without_shadows) query = query.where('shadow_of', 'is', null);
      if (filter.before) query = query.where('id', oldest ? '>' : '<', filter.before);
      return opened(await query.execute());
    },

    async attachments(id) {
      const row = await database.read.selectFrom('runs').select('attachments').where('id', '=', id).executeTakeFirst();
      if (!row || row.attachments === '') return [];
      const [text] = await sealing.texts.open([{ text: row.attachments, binding: `runs/${id}/attachments` }]);
      if (text === null) throw new PortreeveError('erased', `What was attached to the run ${id} has been erased.`);
      return JSON.parse(text!) as Attachment[];
    },

    async forgetAttachments(tx, id) {
      await database.on(tx).updateTable('runs').set({ attachments: '' }).where('id', '=', id).execute();
    },
  };
}

/** A run whose data was erased is shown as what is left of it: that it was, for whom by id, and how it ended. */
function fromRow(row: Selectable<RunsTable>, asked: string | null, result: string | null): Run {
  const body = JSON.parse(row.body) as Pick<Run, 'id' | 'workflow' | 'release' | 'policy_version'>;
  const { principal, input } =
    asked === null ? erased(row.requester) : (JSON.parse(asked) as Pick<Run, 'principal' | 'input'>);
  return {
    ...{ ...body, principal, input },
    ...(row.shadow_of === null ? {} : { shadow_of: asId('run', row.shadow_of) }),
    state: row.state as RunState,
    result: result === null ? null : (JSON.parse(result) as JsonObject),
    ending: row.ending,
    approval: row.approval as ApprovalId | null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}

function erased(requester: string): Pick<Run, 'principal' | 'input'> {
  const principal = principalSchema.parse({ id: requester, kind: 'person', name: 'erased', roles: [], groups: [] });
  return { principal, input: {} };
}

/** Of which workflow each of these runs is; one that is not stored is not in it. */
export async function aboutRuns(
  database: Database,
  ids: readonly RunId[],
): Promise<ReadonlyMap<RunId, Pick<Run, 'workflow' | 'release'>>> {
  if (ids.length === 0) return new Map();
  const rows = await database.read
    .selectFrom('runs')
    .select(['id', 'workflow', 'release'])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, ...about }) => [asId('run', id), about as Pick<Run, 'workflow' | 'release'>]));
}
