import { asId, canonicalJson, type Digest, type JsonObject, PortreeveError } from '@portreeve/contract';
import type { AgentSessionHead, AgentSessionStore, StoredAgentCall, StoredAgentSession } from '@portreeve/gate';
import { type ColumnType, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';
import type { Seals } from './values.ts';

interface AgentSessionsTable {
  id: string;
  owner: string;
  principal: string;
  version: number;
  head: string;
  used_at: ColumnType<Date, string, string>;
  ended_at: ColumnType<Date | null, never, string>;
}

interface AgentSessionSourcesTable {
  session: string;
  position: number;
  body: string;
}

interface AgentCallsTable {
  proposal: string;
  owner: string;
  key: string;
  delivered: boolean;
}

declare module './tables.ts' {
  interface Tables {
    agent_sessions: AgentSessionsTable;
    agent_session_sources: AgentSessionSourcesTable;
    agent_calls: AgentCallsTable;
  }
}

type Source = StoredAgentSession['sources'][number];

/** Sessions of agents in PostgreSQL, sealed for the principal that the session belongs to. */
export function agentSessionStore(database: Database, sealing: Seals): AgentSessionStore {
  const text = (value: unknown) => canonicalJson(JSON.parse(JSON.stringify(value)) as JsonObject);
  const subjects = (principal: string) => sealing.of(null, ...[principal].filter((id) => id.startsWith('prn_')));
  const headOf = async ({
    id,
    principal,
    version,
    head,
  }: Pick<StoredAgentSession, 'id' | 'principal' | 'version' | 'head'>) =>
    sealing.texts.seal(await subjects(principal), 'runs', `agent_sessions/${id}/${version}`, text(head));
  const rowsOf = async (id: string, principal: string, from: number, sources: readonly Source[]) => {
    const about = await subjects(principal);
    return Promise.all(
      sources.map(async (source, index) => {
        const position = from + index;
        const body = await sealing.texts.seal(about, 'runs', `agent_session_sources/${id}/${position}`, text(source));
        return { session: id, position, body };
      }),
    );
  };

  return {
    async find(owner) {
      const row = await database.read
        .selectFrom('agent_sessions')
        .selectAll()
        .where('owner', '=', owner)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      if (!row) return null;
      const read = await database.read
        .selectFrom('agent_session_sources')
        .selectAll()
        .where('session', '=', row.id)
        .orderBy('position')
        .execute();
      const [head, ...sources] = await sealing.texts.open([
        { text: row.head, binding: `agent_sessions/${row.id}/${row.version}` },
        ...read.map(({ position, body }) => ({ text: body, binding: `agent_session_sources/${row.id}/${position}` })),
      ]);
      if (head === null || sources.includes(null))
        throw new PortreeveError('erased', 'What this session had read has been erased.');
      return {
        id: asId('agent_session', row.id),
        principal: asId('principal', row.principal),
        head: JSON.parse(head!) as AgentSessionHead,
        sources: sources.map((each) => JSON.parse(each!) as Source),
        version: row.version,
        used_at: row.used_at.toISOString(),
      };
    },

    async insert(tx, owner, session) {
      const { id, principal, version, used_at } = session;
      const inserted = await database
        .on(tx)
        .insertInto('agent_sessions')
        .values({ id, owner, principal, version, head: await headOf(session), used_at })
        .onConflict((conflict) => conflict.column('owner').where('ended_at', 'is', null).doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
      const rows = await rowsOf(id, principal, 0, session.sources);
      await database.on(tx).insertInto('agent_session_sources').values(rows).execute();
      return true;
    },

    async save(tx, session, read) {
      const { id, principal, version, used_at } = session;
      const saved = await database
        .on(tx)
        .updateTable('agent_sessions')
        .set({ version: version + 1, head: await headOf({ ...session, version: version + 1 }), used_at })
        .where('id', '=', id)
        .where('version', '=', version)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      if (saved.numUpdatedRows !== 1n) return false;
      if (read.sources.length === 0) return true;
      const rows = await rowsOf(id, principal, read.from, read.sources);
      await database
        .on(tx)
        .insertInto('agent_session_sources')
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(['session', 'position']).doUpdateSet({ body: sql<string>`excluded.body` }),
        )
        .execute();
      return true;
    },

    async end(tx, id, at) {
      const ended = await database
        .on(tx)
        .updateTable('agent_sessions')
        .set({ ended_at: at })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      return ended.numUpdatedRows === 1n;
    },

    async waits(tx, call) {
      const inserted = await database
        .on(tx)
        .insertInto('agent_calls')
        .values({ ...call, delivered: false })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n;
    },

    async waiting(owner, key) {
      const row = await database.read
        .selectFrom('agent_calls')
        .selectAll()
        .where('owner', '=', owner)
        .where('key', '=', key)
        .where('delivered', '=', false)
        .executeTakeFirst();
      return row ? callOf(row) : null;
    },

    async call(owner, proposal) {
      const row = await database.read
        .selectFrom('agent_calls')
        .selectAll()
        .where('proposal', '=', proposal)
        .where('owner', '=', owner)
        .executeTakeFirst();
      return row ? callOf(row) : null;
    },

    async deliver(tx, proposal) {
      const told = await database
        .on(tx)
        .updateTable('agent_calls')
        .set({ delivered: true })
        .where('proposal', '=', proposal)
        .where('delivered', '=', false)
        .executeTakeFirst();
      return told.numUpdatedRows === 1n;
    },
  };
}

const callOf = ({ proposal, owner, key, delivered }: Selectable<AgentCallsTable>): StoredAgentCall => ({
  proposal: asId('proposal', proposal),
  owner: owner as Digest,
  key: key as Digest,
  delivered,
});
