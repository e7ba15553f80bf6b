import {
  asId,
  CATEGORIES,
  canonicalJson,
  ESCALATIONS_MAX,
  type Handoff,
  handoffSchema,
  PortreeveError,
  type Tx,
} from '@portreeve/contract';
import type { HandoffPatch, HandoffStore } from '@portreeve/gate';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';
import { inOrder } from './in-order.ts';
import type { Seals } from './values.ts';

type Moment<T> = ColumnType<T, string | Extract<T, null>, string | Extract<T, null>>;

interface HandoffsTable {
  id: string;
  kind: string;
  state: string;
  run: string | null;
  body: string;
  group: string | null;
  assignee: string | null;
  level: number;
  due_at: Moment<Date>;
  closed_at: Moment<Date | null>;
}

declare module './tables.ts' {
  interface Tables {
    handoffs: HandoffsTable;
  }
}

/** Hand-offs in PostgreSQL, sealed for those whom their run is about, for who asked, and for whom it was asked. */
export function handoffStore(database: Database, sealing: Seals): HandoffStore {
  const opened = async (rows: readonly Selectable<HandoffsTable>[]): Promise<Handoff[]> => {
    const texts = await sealing.texts.open(rows.map(({ id, body }) => ({ text: body, binding: `handoffs/${id}` })));
    // Nothing is left that a person could finish.
    return rows.flatMap((row, i) => (texts[i] === null ? [] : [fromRow({ ...row, body: texts[i]! })]));
  };
  const one = async (id: string, row: Selectable<HandoffsTable> | undefined): Promise<Handoff | null> => {
    if (!row) return null;
    const [handoff] = await opened([row]);
    if (!handoff) throw new PortreeveError('erased', `The hand-off ${id} has been erased.`);
    return handoff;
  };
  /** An agent outside has no run, and who asks for an undo need not be who asked for what is undone. */
  const principalOf = async (tx: Tx, { proposal }: Handoff): Promise<string | undefined> => {
    if (proposal === null) return undefined;
    const query = database.on(tx).selectFrom('proposals').select('principals').where('id', '=', proposal);
    return (await query.executeTakeFirst())?.principals[0];
  };
  const sealed = async (tx: Tx, handoff: Handoff): Promise<string> => {
    const { id, run, requester } = handoff;
    const people = [requester, await principalOf(tx, handoff)].filter((each) => each?.startsWith('prn_'));
    const subjects = await sealing.of(run, ...(people as string[]));
    return sealing.texts.seal(subjects, 'runs', `handoffs/${id}`, canonicalJson(handoff));
  };

  return {
    async insert(tx, handoff) {
      const { id, kind, run } = handoff;
      const row = { id, kind, run, ...columnsOf(handoff), body: await sealed(tx, handoff) };
      await database.on(tx).insertInto('handoffs').values(row).execute();
    },

    async get(id) {
      return one(id, await database.read.selectFrom('handoffs').selectAll().where('id', '=', id).executeTakeFirst());
    },

    async lock(tx, id) {
      const query = database.on(tx).selectFrom('handoffs').selectAll().where('id', '=', id).forUpdate();
      return one(id, await query.executeTakeFirst());
    },

    async update(tx: Tx, locked: Handoff, patch: HandoffPatch) {
      const changed = { ...locked, ...patch };
      const body = 'result' in patch || 'material' in patch ? { body: await sealed(tx, changed) } : {};
      const query = database
        .on(tx)
        .updateTable('handoffs')
        .set({ ...columnsOf(changed), ...body });
      await query.where('id', '=', locked.id).execute();
    },

    async list({ states, kind, run, group, assignee, order, after, limit = 100 }) {
      let query = database.read.selectFrom('handoffs').selectAll();
      if (states) query = query.where('state', 'in', states);
      if (kind) query = query.where('kind', '=', kind);
      if (run) query = query.where('run', '=', run);
      if (group) query = query.where('group', '=', group);
      if (assignee) query = query.where('assignee', '=', assignee);
      return opened(await inOrder(query, 'handoffs', { order, after, limit }).execute());
    },

    async due(at, limit) {
      const rows = await database.read
        .selectFrom('handoffs')
        .select('id')
        .where('state', '<>', 'done')
        .where('level', '<', ESCALATIONS_MAX)
        .where('due_at', '<=', new Date(at))
        .orderBy('due_at')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => asId('handoff', id));
    },
  };
}

/** What may change and is looked for. */
const columnsOf = ({ state, group, assignee, level, due_at, closed_at }: Handoff) => ({
  ...{ state, group, assignee, level, due_at, closed_at },
});

/** What work that was opened before migration 0051 has not in its body. Nobody said how secret it is. */
const BEFORE = {
  ...{ about: null, tried: [], material: [], procedure: null, awaits: null, result: null, requester: null },
  label: { confidentiality: 'restricted', categories: [...CATEGORIES] },
};

function fromRow({ body, due_at, closed_at, state, group, assignee, level }: Selectable<HandoffsTable>): Handoff {
  return handoffSchema.parse({
    ...BEFORE,
    ...(JSON.parse(body) as object),
    ...{ state, group, assignee, level },
    due_at: due_at.toISOString(),
    closed_at: closed_at?.toISOString() ?? null,
  });
}
